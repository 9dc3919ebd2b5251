// The strip of frame times: a point for each of the last frames, lines at the limits, triangles at the slowest.

const MOST_POINTS = 3600; // a minute of 60 frames a second
const LOWEST_MS = 0.1, HIGHEST_MS = 5000, LIMITS_MS = [200, 2000];

export class Strip {
  constructor(canvas) {
    this.canvas = canvas;
    this.stage = null;
    this.points = []; // [frame, ms], the oldest first
    this.slow = [];
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  add(stage, latest, slow) {
    if (stage !== this.stage) [this.stage, this.points] = [stage, []];
    latest.ms.forEach((ms, place) => this.points.push([latest.first + place * latest.each, ms]));
    this.points.splice(0, Math.max(0, this.points.length - MOST_POINTS));
    this.slow = slow;
    this.draw();
  }

  draw() {
    const { canvas, points } = this, ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d"), style = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    const y = (ms) => height * (1 - Math.log(Math.min(HIGHEST_MS, Math.max(LOWEST_MS, ms)) / LOWEST_MS) / Math.log(HIGHEST_MS / LOWEST_MS));
    context.font = "12px system-ui";
    context.fillStyle = style.getPropertyValue("--limit");
    for (const limit of LIMITS_MS) {
      context.fillRect(0, y(limit), width, 1);
      context.fillText(limit < 1000 ? `${limit} ms` : `${limit / 1000} s`, 2, y(limit) - 3);
    }
    if (!points.length) return;
    const step = width / MOST_POINTS, first = MOST_POINTS - points.length;
    context.fillStyle = style.getPropertyValue("--mark");
    points.forEach(([, ms], place) => context.fillRect((first + place) * step, y(ms) - 1, Math.max(1.5, step), 2));
    context.fillStyle = style.getPropertyValue("--bad");
    for (const { frame, wall_ms: ms } of this.slow) {
      const place = points.findLastIndex(([number]) => number <= frame);
      if (place < 0 || frame > points[points.length - 1][0]) continue;
      const x = (first + place) * step, top = y(ms) - 4;
      context.beginPath();
      context.moveTo(x, top);
      context.lineTo(x - 4, top - 7);
      context.lineTo(x + 4, top - 7);
      context.fill();
    }
  }
}
