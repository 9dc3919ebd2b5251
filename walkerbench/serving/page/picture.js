// The picture of the agents on a canvas: what is drawn, from where it is seen, and which agent is looked at.

const LEAST_SCALE = 0.5, START_LEAST_SCALE = 12, MOST_SCALE = 120; // pixels for a unit of length
const BARS_FROM_SCALE = 7; // below, bars would hide one another
const START_WIDTH = 60; // units of length across the canvas
const REACH = 4; // greatest distance, in units of length, at which a click selects an agent
const PAN_SHARE = 0.15, ZOOM_STEP = 1.25;

function numbers(text, Type) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Type(bytes.buffer);
}

/** One frame as it was sent, its arrays decoded. */
export function decodeFrame(sent, scenery) {
  const { bodies } = sent, levels = scenery.levels.length, scores = scenery.scores.length;
  const poses = numbers(sent.poses, Float32Array), heights = numbers(sent.levels, Uint8Array);
  const points = numbers(sent.scores, Float32Array);
  return {
    frame: sent.frame,
    agents: bodies ? poses.length / (3 * bodies) : 0,
    bodies,
    places: numbers(sent.places, Float32Array),
    pose: (agent, body) => poses.subarray(3 * (agent * bodies + body), 3 * (agent * bodies + body) + 3),
    level: (agent, number) => heights[agent * levels + number] / 255,
    score: (agent, number) => points[agent * scores + number],
  };
}

export class Picture {
  /**
   * @param canvas Where it is drawn.
   * @param events Functions that are called: `looked(agent)` where the user clicks an agent, `moved()` where he moves the view.
   */
  constructor(canvas, events) {
    this.canvas = canvas;
    this.events = events;
    this.forget();
    this.drawn = 0;
    this.waiting = false;
    this.follow = true;
    new ResizeObserver(() => this.redraw()).observe(canvas);
    this.listen();
  }

  forget() {
    this.scenery = this.frame = this.detail = null;
    this.agent = null;
    this.outlines = [];
    this.view = null;
  }

  showScenery(scenery) {
    this.forget();
    this.scenery = scenery;
    this.redraw();
  }

  showOutlines(outlines) {
    for (const [agent, bodies] of Object.entries(outlines)) this.outlines[agent] = bodies.map(asPath);
  }

  showFrame(sent) {
    if (!this.scenery || sent.stage !== this.scenery.stage) return;
    this.frame = decodeFrame(sent, this.scenery);
    this.redraw();
  }

  look(agent) {
    this.agent = agent;
    this.detail = null;
    this.redraw();
  }

  showDetail(detail) {
    if (detail.agent === this.agent) this.detail = detail;
  }

  /** The agent that leads by a score. */
  leader(score = 0) {
    return this.ranking(score, 1)[0] ?? null;
  }

  ranking(score, most) {
    const { frame } = this;
    if (!frame) return [];
    const there = [...Array(frame.agents).keys()].filter((agent) => !Number.isNaN(frame.pose(agent, 0)[0]));
    return there.sort((one, other) => frame.score(other, score) - frame.score(one, score)).slice(0, most);
  }

  zoom(factor) {
    if (!this.view) return;
    this.view.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, this.view.scale * factor));
    this.redraw();
  }

  pan(right, up) {
    if (!this.view) return;
    this.view.x += right / this.view.scale;
    this.view.y += up / this.view.scale;
    this.follow = false;
    this.events.moved();
    this.redraw();
  }

  whole() {
    const { ground } = this.scenery ?? {};
    if (!ground?.length) return;
    const left = ground[0][0], right = ground[ground.length - 1][0];
    this.view = { x: (left + right) / 2, y: 0, scale: Math.max(LEAST_SCALE, this.canvas.clientWidth / (right - left)) };
    this.follow = false;
    this.events.moved();
    this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { canvas, frame, scenery } = this, ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d"), style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!scenery || !frame) return;
    this.aim(width);
    const { x, y, scale } = this.view, unit = scale * ratio;
    // Up is up: y grows downwards on a canvas. What is looked at lies below the middle, for bars stand above agents.
    context.setTransform(unit, 0, 0, -unit, canvas.width / 2 - x * unit, canvas.height * 0.6 + y * unit);
    const seen = { left: x - width / 2 / scale, right: x + width / 2 / scale, bottom: y - height / scale };
    this.drawScenery(context, colour, seen, 1.5 / scale);
    this.drawDetail(context, colour, 1.5 / scale);
    const bars = scale >= BARS_FROM_SCALE;
    for (let agent = 0; agent < frame.agents; agent++) {
      const place = frame.pose(agent, 0);
      if (place[0] > seen.left - REACH && place[0] < seen.right + REACH) this.drawAgent(context, colour, agent, bars, 1 / scale);
    }
    this.drawn++;
    canvas.dataset.drawn = this.drawn;
    canvas.dataset.frame = frame.frame;
  }

  aim(width) {
    const leader = this.follow ? (this.agent ?? this.leader()) : null;
    const [x, y] = leader === null ? [0, 0] : this.frame.pose(leader, 0);
    this.view ??= { x, y, scale: Math.max(START_LEAST_SCALE, width / START_WIDTH) };
    if (leader === null || Number.isNaN(x)) return;
    this.view.x = x;
    this.view.y += (y - this.view.y) * 0.1; // the ground under a robot is rough, the view is not
  }

  drawScenery(context, colour, seen, line) {
    const { ground, boxes } = this.scenery;
    if (ground.length) {
      context.beginPath();
      ground.forEach(([x, y]) => context.lineTo(x, y));
      context.strokeStyle = colour("ink-2");
      context.lineWidth = 1.5 * line;
      context.stroke();
      context.lineTo(ground[ground.length - 1][0], seen.bottom);
      context.lineTo(ground[0][0], seen.bottom);
      context.fillStyle = colour("ground");
      context.fill();
    }
    context.fillStyle = colour("ink-2");
    for (const [x, y, halfWidth, halfHeight] of boxes) context.fillRect(x - halfWidth, y - halfHeight, 2 * halfWidth, 2 * halfHeight);
    const { places } = this.frame;
    context.fillStyle = colour("food");
    for (let place = 0; place < places.length; place += 2) {
      context.beginPath();
      context.arc(places[place], places[place + 1], 0.5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  drawAgent(context, colour, agent, bars, pixel) {
    const { frame, outlines, scenery } = this, looked = agent === this.agent;
    const bodies = outlines[agent] ?? [];
    context.lineWidth = (looked ? 2.5 : 1) * pixel;
    context.strokeStyle = colour(looked ? "mark" : "ink");
    context.fillStyle = scenery.levels.length ? mixed(colour("low"), colour("high"), frame.level(agent, 0)) : colour("high");
    bodies.forEach((path, body) => {
      const [x, y, angle] = frame.pose(agent, body);
      if (Number.isNaN(x)) return;
      context.save();
      context.translate(x, y);
      context.rotate(angle);
      context.fill(path);
      context.stroke(path);
      context.restore();
    });
    if (!bars) return;
    const [x, y] = frame.pose(agent, 0), wide = 26 * pixel, high = 3 * pixel;
    scenery.levels.forEach((_, number) => {
      const bottom = y + 2.6 + number * 2 * high;
      context.fillStyle = colour("line");
      context.fillRect(x - wide / 2, bottom, wide, high);
      context.fillStyle = colour(number ? "ink-2" : "mark");
      context.fillRect(x - wide / 2, bottom, wide * frame.level(agent, number), high);
    });
  }

  drawDetail(context, colour, line) {
    const { detail, frame, agent } = this;
    if (agent === null || !detail || agent >= frame.agents) return;
    const [x, y, turned] = frame.pose(agent, 0);
    context.lineWidth = line;
    for (const { angle, length, hit } of detail.rays) {
      context.strokeStyle = colour(hit === "nothing" ? "line" : "limit");
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + length * Math.cos(angle + turned), y + length * Math.sin(angle + turned));
      context.stroke();
    }
    if (!detail.target) return;
    context.strokeStyle = colour("food");
    context.setLineDash([4 * line, 4 * line]);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(...detail.target);
    context.stroke();
    context.setLineDash([]);
  }

  /** The agent at a place of the canvas, in pixels; null where there is none. */
  agentAt(right, down) {
    if (!this.frame || !this.view) return null;
    const { x, y, scale } = this.view, { clientWidth, clientHeight } = this.canvas;
    const placeX = x + (right - clientWidth / 2) / scale, placeY = y - (down - clientHeight * 0.6) / scale;
    let nearest = null, least = REACH;
    for (let agent = 0; agent < this.frame.agents; agent++) {
      const [agentX, agentY] = this.frame.pose(agent, 0), distance = Math.hypot(agentX - placeX, agentY - placeY);
      if (distance < least) [nearest, least] = [agent, distance];
    }
    return nearest;
  }

  listen() {
    const { canvas } = this;
    let held = null, moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY];
      moved = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const right = event.clientX - held[0], down = event.clientY - held[1];
      moved += Math.abs(right) + Math.abs(down);
      held = [event.clientX, event.clientY];
      if (moved > 4) this.pan(-right, down);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (held && moved <= 4) {
        const agent = this.agentAt(event.offsetX, event.offsetY);
        if (agent !== null) this.events.looked(agent);
      }
      held = null;
    });
    canvas.addEventListener("pointercancel", () => { held = null; });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const step = PAN_SHARE * canvas.clientWidth;
      const keys = {
        ArrowLeft: () => this.pan(-step, 0), ArrowRight: () => this.pan(step, 0),
        ArrowUp: () => this.pan(0, step), ArrowDown: () => this.pan(0, -step),
        "+": () => this.zoom(ZOOM_STEP), "-": () => this.zoom(1 / ZOOM_STEP), Home: () => this.whole(),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }
}

function asPath(corners) {
  const path = new Path2D();
  for (const [x, y] of corners) path.lineTo(x, y);
  path.closePath();
  return path;
}

/** A colour between two, each as #rrggbb. */
function mixed(low, high, share) {
  const parts = [low, high].map((colour) => [1, 3, 5].map((place) => parseInt(colour.trim().slice(place, place + 2), 16)));
  return `rgb(${parts[0].map((part, number) => Math.round(part + (parts[1][number] - part) * share)).join(" ")})`;
}
