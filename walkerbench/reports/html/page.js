"use strict";
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const config = {
    responsive: true,
    displaylogo: false,
    displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  };
  const axis = {
    automargin: true, gridcolor: "--line", linecolor: "--line", zerolinecolor: "--line", title: { standoff: 8 },
  };
  const template = {
    layout: {
      paper_bgcolor: "--card", plot_bgcolor: "--card",
      font: { family: "system-ui, sans-serif", size: 12, color: "--ink" },
      margin: { l: 8, r: 12, t: 32, b: 8 },
      xaxis: axis, yaxis: axis,
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      hoverlabel: { bgcolor: "--card", bordercolor: "--line", font: { color: "--ink" } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "--ink-2", activecolor: "--ink" },
    },
  };

  // Colours are names of custom properties until the reader's scheme says what they are.
  const painted = (value, style) => {
    if (typeof value === "string") {
      return value.startsWith("--") ? style.getPropertyValue(value).trim() || value : value;
    }
    if (Array.isArray(value)) return value.map((inner) => painted(inner, style));
    if (value === null || typeof value !== "object" || "bdata" in value) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, painted(inner, style)]));
  };

  const draw = () => {
    const style = getComputedStyle(root);
    // On a touch screen a drag scrolls the page; zooming is for those who have a pointer.
    const dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    return Promise.all(plots.map(({ name, data, layout }) => {
      const drawn = painted({ data, layout: { ...layout, dragmode, template } }, style);
      return Plotly.react(name, drawn.data, drawn.layout, config);
    }));
  };

  dark.addEventListener("change", draw);
  addEventListener("beforeprint", () => { root.dataset.printing = ""; draw(); });
  addEventListener("afterprint", () => { delete root.dataset.printing; draw(); });
  draw().then(() => { root.dataset.drawnMs = Math.round(performance.now()); });
})();
