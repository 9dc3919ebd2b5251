// The page of a served run: receives the run's events, shows them, and sends the user's requests.

import { Picture } from "./picture.js";
import { byId, definitions, figure, fillBars, fillTable, fixed, foldable, sparkline, words } from "./shown.js";
import { Strip } from "./strip.js";

const PARTS = {
  compute: "computing", blocked: "blocked: GIL, lock, I/O", barrier: "waiting at the barrier", settling: "settling, in the parent alone",
};
const CAUSES = {
  "not scheduled": "waiting for a core", "waiting for the GIL": "another thread held the GIL",
  blocked: "asleep, in I/O, on a lock or stopped", compute: "computing",
};
const WORDS = { pass: "PASS", fail: "FAIL", unsupported: "NOT JUDGED" };
const SLOW_SHOWN = 5, LEADERS_SHOWN = 10, LEADERS_EVERY_MS = 500, DETAIL_EVERY_MS = 200;
const HISTORY = 600; // values: one per second for ten minutes

const token = document.querySelector("meta[name=walkerbench-token]").content; // empty where other machines reach the page
byId("token-label").hidden = token !== "";
const strip = new Strip(byId("strip"));
const picture = new Picture(byId("picture"), { looked: look, moved: () => { byId("follow").checked = picture.follow; } });
const history = new Map();
let running = true, shownFigures = null;

function showThreads(threading, alternation) {
  const button = byId("toggle");
  button.disabled = threading === null || !running;
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
  fillTable("figures", names.map((name) => [
    words(name.slice(0, -3)), ...["p50", "p95", "p99", "max"].map((each) => fixed(metrics[`${name}.${each}`], 2)),
  ]));
  byId("rates").replaceChildren(...definitions([
    ["frames a second, pauses left out", fixed(metrics.physics_fps, 0)], ["effective cores", fixed(metrics["cpu.effective_cores"], 2)],
  ]).children);
  fillBars("cores", minute.core_percent.map((percent, core) => [
    `core ${core}`, percent === null ? null : percent / 100, percent === null ? "–" : `${percent.toFixed(0)} %`,
  ]));
  fillTable("criteria", minute.verdicts.map((each) => [
    each.criterion, fixed(each.value, 2), { text: WORDS[each.outcome], kind: each.outcome },
  ]));
  fillBars("shares", (minute.attribution?.shares ?? []).map((each) => [
    PARTS[each.part] ?? each.part, each.share, each.share === null ? "–" : `${each.upper_bound ? "≤ " : ""}${(each.share * 100).toFixed(1)} %`,
  ]));
  byId("slow").replaceChildren(...minute.worst_frames.slice(0, SLOW_SHOWN).map((each) => {
    const item = document.createElement("li");
    const cause = each.host ? "the host" : CAUSES[each.cause] ?? each.cause;
    item.textContent = `frame ${each.frame}: ${fixed(each.wall_ms, 1)} ms, ${cause}`;
    return item;
  }));
}

function showPopulation(population) {
  const names = Object.keys(population);
  byId("population-section").hidden = !names.length;
  for (const name of names) {
    const values = history.get(name) ?? history.set(name, []).get(name);
    if (population[name] !== null) values.push(population[name]);
    values.splice(0, values.length - HISTORY);
  }
  fillTable("population", names.map((name) => [words(name), figure(population[name]), sparkline(history.get(name))]));
}

function showStatus(status) {
  running = status.state === "running";
  byId("title").textContent = status.workload;
  document.title = `walkerbench: ${status.workload}`;
  const minute = status.last_minute;
  const details = minute ? `, ${minute.mode} mode, ${minute.agents} agents, ${minute.workers} workers, stage ${status.stage + 1}` : "";
  byId("state").textContent = running ? `running${details}` : `${status.state}: ${status.ended_because ?? "the run has ended"}`;
  byId("state").className = ["emergency", "broken"].includes(status.state) ? "fail" : "";
  for (const control of byId("control").querySelectorAll("button")) control.disabled = !running;
  showThreads(status.threading, status.alternation);
  if (!minute) return;
  if (status.latest_frames) strip.add(status.stage, status.latest_frames, minute.worst_frames.slice(0, SLOW_SHOWN));
  const figures = `${status.stage} ${minute.mode} ${minute.frames}`;
  if (figures === shownFigures) return; // the server computes them once a second
  shownFigures = figures;
  showFigures(minute);
  showPopulation(minute.population);
}

// The picture, its leaders, and the agent that is looked at.

function showScenery(scenery) {
  for (const id of ["picture-section", "leaders-section", "agent-section"]) byId(id).hidden = scenery === null;
  picture.showScenery(scenery);
  history.clear();
  if (!scenery) return;
  byId("look").max = scenery.agents - 1;
  byId("legend").textContent = scenery.levels.length
    ? `Colour: ${words(scenery.levels[0])}, orange for little and blue for much. Bars: ${scenery.levels.map(words).join(", ")}.` : "";
  byId("score").replaceChildren(...scenery.scores.map((name, number) => new Option(words(name), number)));
  const heads = ["agent", ...scenery.scores.map(words)].map((name) => {
    const head = document.createElement("th");
    head.scope = "col";
    head.textContent = name;
    return head;
  });
  byId("leaders").tHead.rows[0].replaceChildren(...heads);
}

function showLeaders() {
  const { frame, scenery } = picture;
  if (!frame || document.activeElement?.closest("#leaders")) return; // do not replace a button that has the keyboard's focus
  fillTable("leaders", picture.ranking(Number(byId("score").value), LEADERS_SHOWN).map((agent) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `agent ${agent}`;
    button.setAttribute("aria-pressed", String(agent === picture.agent));
    button.addEventListener("click", () => look(agent));
    return [button, ...scenery.scores.map((_, number) => figure(frame.score(agent, number)))];
  }));
}

function look(agent) {
  picture.look(agent);
  byId("look").value = agent;
  byId("agent-heading").textContent = `Agent ${agent}`;
}

async function showDetail() {
  const { agent } = picture;
  if (agent === null || !running) return;
  const response = await fetch(`/agents/${agent}`);
  const detail = await response.json();
  if (agent !== picture.agent) return;
  const place = byId("agent-figures");
  if (!response.ok) {
    place.textContent = detail.error;
    return;
  }
  picture.showDetail(detail);
  const opened = new Map([...place.querySelectorAll("details")].map((each) => [each.dataset.title, each.open]));
  const focused = document.activeElement?.closest("#agent-figures details")?.dataset.title;
  place.replaceChildren(...Object.entries(detail.figures).map(([title, group], number) => {
    const pairs = Object.entries(group).map(([name, value]) => [words(name), figure(value)]);
    const made = foldable(words(title), definitions(pairs), opened.get(title) ?? number < 2);
    made.dataset.title = title;
    return made;
  }));
  if (focused) place.querySelector(`details[data-title="${CSS.escape(focused)}"] summary`)?.focus();
}

let drawnBefore = 0;
setInterval(showLeaders, LEADERS_EVERY_MS);
setInterval(() => {
  byId("picture-rate").textContent = `${picture.drawn - drawnBefore} pictures in the last second.`;
  drawnBefore = picture.drawn;
}, 1000);

async function keepDetail() {
  try {
    await showDetail();
  } catch {
    byId("agent-figures").textContent = "The run does not answer.";
  }
  setTimeout(keepDetail, DETAIL_EVERY_MS);
}

// The user's requests.

async function ask(path, content) {
  const answer = byId("answer");
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Walkerbench-Token": token || byId("token").value },
      body: JSON.stringify(content ?? {}),
    });
    const said = await response.json();
    answer.textContent = said.message ?? said.error;
  } catch {
    answer.textContent = "The run does not answer.";
  }
}

function onSubmit(form, carryOut) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    carryOut();
  });
}

byId("toggle").addEventListener("click", () => ask("/toggle_threading"));
byId("stop").addEventListener("click", () => ask("/stop"));
onSubmit("agents-form", () => ask("/agents", { agents: byId("agents").valueAsNumber }));
onSubmit("pace-form", () => ask("/pace", { pace: byId("pace").value }));
onSubmit("look-form", () => look(byId("look").valueAsNumber));
byId("follow").addEventListener("change", (event) => { picture.follow = event.target.checked; });
byId("zoom-in").addEventListener("click", () => picture.zoom(1.5));
byId("zoom-out").addEventListener("click", () => picture.zoom(1 / 1.5));
byId("whole").addEventListener("click", () => picture.whole());

const events = new EventSource("/events?pictures=true");
const on = (name, show) => events.addEventListener(name, (event) => show(JSON.parse(event.data)));
on("status", (status) => {
  showStatus(status);
  if (!running) events.close();
});
on("scene", showScenery);
on("outlines", (outlines) => picture.showOutlines(outlines));
on("frame", (frame) => picture.showFrame(frame));
events.addEventListener("error", () => { if (running) byId("state").textContent = "The run does not answer."; });
keepDetail();
