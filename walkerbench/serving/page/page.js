"use strict";

const MOST_FRAMES = 3600; // a minute of 60 a second
const LOWEST_MS = 0.1, HIGHEST_MS = 5000, LIMITS_MS = [200, 2000];
const PARTS = {
  compute: "computing", blocked: "blocked: GIL, lock, I/O", barrier: "waiting at the barrier", settling: "settling, in the parent alone",
};
const WORDS = { pass: "PASS", fail: "FAIL", unsupported: "NOT JUDGED" };

const byId = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=walkerbench-token]").content;
const frames = [];

function fixed(value, digits) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

function cell(row, text, kind = "td") {
  const made = document.createElement(kind);
  if (kind === "th") made.scope = "row";
  made.textContent = text;
  row.append(made);
  return made;
}

function rows(id, lines) {
  const body = byId(id).tBodies[0];
  body.replaceChildren(...lines.map(([name, ...cells]) => {
    const row = document.createElement("tr");
    cell(row, name, "th");
    for (const each of cells) {
      const made = cell(row, each.text ?? each);
      if (each.kind) made.className = each.kind;
    }
    return row;
  }));
}

function bars(id, values) {
  byId(id).replaceChildren(...values.map(([name, share, text]) => {
    const line = document.createElement("div");
    line.className = "bar";
    const label = document.createElement("span"), bar = document.createElement("progress"), figure = document.createElement("span");
    label.textContent = name;
    bar.max = 1;
    bar.value = share ?? 0;
    bar.setAttribute("aria-label", `${name}: ${text}`);
    figure.textContent = text;
    line.append(label, bar, figure);
    return line;
  }));
}

function drawStrip() {
  const canvas = byId("strip"), ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  context.scale(ratio, ratio);
  const y = (ms) => height * (1 - Math.log(Math.min(HIGHEST_MS, Math.max(LOWEST_MS, ms)) / LOWEST_MS) / Math.log(HIGHEST_MS / LOWEST_MS));
  context.font = "12px system-ui";
  for (const limit of LIMITS_MS) {
    context.fillStyle = style.getPropertyValue("--limit");
    context.fillRect(0, y(limit), width, 1);
    context.fillText(limit < 1000 ? `${limit} ms` : `${limit / 1000} s`, 2, y(limit) - 3);
  }
  context.fillStyle = style.getPropertyValue("--mark");
  const step = width / MOST_FRAMES, first = MOST_FRAMES - frames.length;
  frames.forEach((ms, place) => context.fillRect((first + place) * step, y(ms) - 1, Math.max(1.5, step), 2));
}

function showThreads(threading, alternation) {
  const button = byId("toggle");
  button.disabled = threading === null;
  button.textContent = threading?.threading_enabled ? "Switch threads off" : "Switch threads on";
  if (alternation) {
    const { pairs, speedup, low, high, level } = alternation;
    const interval = low === null ? "" : ` (${low.toFixed(2)} to ${high.toFixed(2)}, ${(level * 100).toFixed(0)} %)`;
    byId("threads").textContent =
      `${speedup.toFixed(2)} times as fast with threads${interval}, from ${pairs} ${pairs === 1 ? "pair" : "pairs"} of blocks.`;
  } else if (threading?.speedup_ratio) {
    const parallel = fixed(threading.avg_parallel_time * 1e3, 2), sequential = fixed(threading.avg_sequential_time * 1e3, 2);
    byId("threads").textContent =
      `${threading.speedup_ratio.toFixed(2)} times as fast with threads: ${parallel} ms against ${sequential} ms (means of 20 frames each).`;
  }
}

function showFigures(minute) {
  const metrics = minute.metrics;
  const names = Object.keys(metrics).filter((name) => name.endsWith("_ms.p50")).map((name) => name.slice(0, -4));
  rows("figures", names.map((name) => [
    name.slice(0, -3).replaceAll("_", " "),
    ...["p50", "p95", "p99", "max"].map((each) => fixed(metrics[`${name}.${each}`], 2)),
  ]));
  const rates = [["frames a second of work", fixed(metrics.physics_fps, 0)], ["effective cores", fixed(metrics["cpu.effective_cores"], 2)]];
  byId("rates").replaceChildren(...rates.flatMap(([name, value]) => {
    const term = document.createElement("dt"), definition = document.createElement("dd");
    term.textContent = name;
    definition.textContent = value;
    return [term, definition];
  }));
  bars("cores", minute.core_percent.map((percent, core) => [`core ${core}`, percent === null ? null : percent / 100, percent === null ? "–" : `${percent.toFixed(0)} %`]));
  rows("criteria", minute.verdicts.map((each) => [
    each.criterion, fixed(each.value, 2), { text: WORDS[each.outcome], kind: each.outcome },
  ]));
  bars("shares", (minute.attribution?.shares ?? []).map((each) => [
    PARTS[each.part] ?? each.part, each.share, each.share === null ? "–" : `${each.upper_bound ? "≤ " : ""}${(each.share * 100).toFixed(1)} %`,
  ]));
}

function show(status) {
  byId("title").textContent = status.workload;
  document.title = `walkerbench: ${status.workload}`;
  const minute = status.last_minute;
  const details = minute ? `, ${minute.mode} mode, ${minute.agents} agents, ${minute.workers} workers, stage ${status.stage + 1}` : "";
  byId("state").textContent = status.ended_because ?? `${status.state}${details}`;
  frames.push(...status.frame_ms);
  frames.splice(0, Math.max(0, frames.length - MOST_FRAMES));
  drawStrip();
  showThreads(status.threading, status.alternation);
  if (minute) showFigures(minute);
}

async function ask(path, content) {
  const answer = byId("answer");
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Walkerbench-Token": token },
      body: JSON.stringify(content ?? {}),
    });
    const said = await response.json();
    answer.textContent = said.message ?? said.error;
  } catch {
    answer.textContent = "The run does not answer.";
  }
}

function onSubmit(form, path, content) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    ask(path, content());
  });
}

byId("toggle").addEventListener("click", () => ask("/toggle_threading"));
byId("stop").addEventListener("click", () => ask("/stop"));
onSubmit("agents-form", "/agents", () => ({ agents: byId("agents").valueAsNumber }));
onSubmit("pace-form", "/pace", () => ({ pace: byId("pace").value }));
addEventListener("resize", drawStrip);

const events = new EventSource("/events");
events.addEventListener("status", (event) => {
  const status = JSON.parse(event.data);
  show(status);
  if (status.state !== "running") events.close();
});
events.addEventListener("error", () => { byId("state").textContent = "The run does not answer."; });
