"""Read a recorded run into NumPy and pandas, and plot it. Each `# %%` begins a cell of a notebook.

Run it from this folder; a plot needs `pip install plotly`:

    python read_a_run.py
"""

# %% Record a short run. Leave this cell out to read the newest run that you have.
from walkerbench import ProfileOverrides, load_profile, override, read_run, run

run(override(load_profile("smoke"), ProfileOverrides(frames=200, warmup=20)))

# %% Read the newest run; a path does as well.
recorded = read_run("@latest")
print(f"{recorded.directory}: {recorded.run.state}")
print(f"mean frame: {recorded.metrics['frame_ms.mean']:.2f} ms")

# %% NumPy: one row per frame. `warmup` selects the frames that are not judged.
judged = recorded.frames[~recorded.frames["warmup"]]
print(f"slowest of {len(judged)} judged frames: {judged['wall_ns'].max() / 1e6:.2f} ms")

# %% pandas: the same rows, with stage and frame as the index.
table = recorded.to_pandas()
print(table.loc[~table["warmup"], ["wall_ns", "agents_ns"]].describe())

# %% Plot, where plotly is installed.
try:
    import plotly.graph_objects as plotly
except ImportError:
    print("no plot: plotly is not installed")
else:
    line = plotly.Scatter(x=judged["frame"], y=judged["wall_ns"] / 1e6)
    plotly.Figure(line, layout={"yaxis_title": "ms per frame"}).write_html("frames.html")
    print("the plot is in frames.html")
