"use strict";
// Steps through the run in the element `run`. Text reaches the page through textContent alone.
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const at = (id) => document.getElementById(id);
  const make = (tag, text, name) => {
    const it = document.createElement(tag);
    if (text !== undefined) it.textContent = text;
    if (name) it.className = name;
    return it;
  };
  // A step is [frame, line, writes, effect]; a write is [name, value or -1], from the frame's step before.
  const { steps, frames, files, names, values, outputs, pages } = run;
  const ofFrame = frames.map(() => []);
  steps.forEach((step, k) => ofFrame[step[0]].push(k));
  const depths = [];
  frames.forEach((frame, f) => { depths[f] = frame.parent < 0 ? 0 : depths[frame.parent] + 1; });
  const lastAt = (list, k) => {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] <= k) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  // The state of a frame at one of its steps: replayed from the nearest kept one before it.
  const EVERY = 256, kept = new Map();
  const stateAt = (f, k) => {
    const list = ofFrame[f], n = lastAt(list, k);
    let from = n - (n % EVERY), state = kept.get(f + ":" + from);
    while (!state && from > 0) { from -= EVERY; state = kept.get(f + ":" + from); }
    state = new Map(state || []);
    for (let i = state.size || from ? from + 1 : 0; i <= n; i++) {
      for (const [name, value] of steps[list[i]][2]) {
        if (value < 0) state.delete(name); else state.set(name, value);
      }
      if (i % EVERY === 0) kept.set(f + ":" + i, new Map(state));
    }
    return state;
  };
  let now = 0, format = 0, shownFile = -1, rows = [];

  const drawSource = () => {
    const [f, line] = steps[now], file = frames[f].file, box = document.querySelector("#source .code");
    if (file !== shownFile) {
      shownFile = file;
      document.querySelector("#source h2").textContent = files[file].path;
      rows = files[file].lines.map((text, i) => {
        const row = make("div");
        row.append(make("b", String(i + 1)), make("span", text), make("i"));
        return row;
      });
      box.replaceChildren(...rows);
    }
    const seen = new Set();
    for (const k of ofFrame[f]) { if (k > now) break; seen.add(steps[k][1]); }
    rows.forEach((row, i) => {
      row.className = i + 1 === line ? "now" : seen.has(i + 1) ? "seen" : "";
      row.lastChild.textContent = "";
    });
    const row = rows[line - 1];
    if (row) {
      row.lastChild.textContent = steps[now][3];
      const top = row.offsetTop - box.offsetTop;
      if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 60) box.scrollTop = top - box.clientHeight / 2;
    }
  };

  const drawState = () => {
    const boxes = [];
    for (let f = steps[now][0], k = now; f >= 0; f = frames[f].parent) {
      const list = ofFrame[f], n = lastAt(list, now);
      if (n < 0) continue;
      k = list[n];
      const table = make("table"), written = new Set(f === steps[now][0] ? steps[now][2].map((it) => it[0]) : []);
      table.append(make("caption", frames[f].name + ", line " + steps[k][1]));
      for (const [name, value] of stateAt(f, now)) {
        const row = make("tr", undefined, written.has(name) ? "new" : "");
        row.append(make("td", names[name]), make("td", values[value]));
        table.append(row);
      }
      boxes.push(table);
    }
    document.querySelector("#state > div").replaceChildren(...boxes);
  };

  // Lines around the marked stretch; the whole of a long page would make every step slow.
  const AROUND = 6000;
  const drawPage = () => {
    const page = pages[format], pre = document.querySelector("#pages pre");
    document.querySelectorAll("#pages nav button").forEach((it, i) => it.setAttribute("aria-pressed", String(i === format)));
    const heading = document.querySelector("#pages h2");
    if (page.text === null) {
      heading.textContent = page.title;
      pre.replaceChildren("This format of the run is too long for one page.");
      return;
    }
    const [start, end, own] = page.spans.length ? page.spans[page.steps[now]] : [0, 0, 0];
    const exact = own && page.owns[now];
    heading.textContent = page.title + (exact ? "" : ": this step leaves no text of its own");
    let from = Math.max(0, start - AROUND), to = Math.min(page.text.length, end + AROUND);
    if (from > 0) from = page.text.indexOf("\n", from) + 1 || from;
    if (from > start) from = start;
    const mark = make("mark", page.text.slice(start, end), exact ? "" : "faint");
    pre.replaceChildren(from > 0 ? "…\n" : "", page.text.slice(from, start), mark, page.text.slice(end, to), to < page.text.length ? "\n…" : "");
    const top = mark.offsetTop - pre.offsetTop;
    pre.scrollTop = Math.max(0, top - pre.clientHeight / 3);
  };

  const drawOutput = () => {
    const pre = document.querySelector("#output pre"), parts = [];
    for (const [before, stream, text] of outputs) {
      // A line about to run has not printed yet; the last one is shown with all it did.
      if (before > now && now < steps.length - 1) break;
      parts.push(make("span", text, stream));
    }
    pre.replaceChildren(...parts);
    pre.scrollTop = pre.scrollHeight;
  };

  const go = (k) => {
    if (!steps.length || k === undefined || k < 0) return;
    now = Math.max(0, Math.min(steps.length - 1, k));
    at("slider").value = String(now + 1);
    at("now").textContent = "step " + (now + run.first) + " of " + run.total + " in " + frames[steps[now][0]].name;
    drawSource(); drawState(); drawPage(); drawOutput();
  };
  const over = (way) => {
    const depth = depths[steps[now][0]], thread = frames[steps[now][0]].thread;
    for (let k = now + way; k >= 0 && k < steps.length; k += way) {
      if (frames[steps[k][0]].thread === thread && depths[steps[k][0]] <= depth) return k;
    }
    return way < 0 ? 0 : steps.length - 1;
  };
  const out = (way) => {
    const parent = frames[steps[now][0]].parent;
    if (parent < 0) return way < 0 ? 0 : steps.length - 1;
    const list = ofFrame[parent], n = lastAt(list, now);
    return list[way < 0 ? n : n + 1] ?? now;
  };
  const again = (way) => {
    for (let k = now + way; k >= 0 && k < steps.length; k += way) {
      if (steps[k][1] === steps[now][1] && frames[steps[k][0]].file === frames[steps[now][0]].file) return k;
    }
    return now;
  };
  const turn = (way) => { format = (format + way + pages.length) % pages.length; drawPage(); };
  const keys = {
    s: () => go(now + 1), S: () => go(now - 1), ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1),
    n: () => go(over(1)), N: () => go(over(-1)), f: () => go(out(1)), F: () => go(out(-1)),
    l: () => go(again(1)), L: () => go(again(-1)),
    g: () => go(0), G: () => go(steps.length - 1), Home: () => go(0), End: () => go(steps.length - 1),
    v: () => turn(1), V: () => turn(-1),
  };
  addEventListener("keydown", (event) => {
    const key = keys[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    key();
  });
  at("slider").max = String(Math.max(1, steps.length));
  at("slider").addEventListener("input", (event) => go(Number(event.target.value) - 1));
  at("title").textContent = run.title;
  at("notes").append(...run.notes.map((it) => make("p", it)));
  document.querySelector("#pages nav").append(...pages.map((page, i) => {
    const button = make("button", page.title);
    button.addEventListener("click", () => { format = i; drawPage(); });
    return button;
  }));
  // Tests, and who wants to link to a step, ask for it behind the `#`.
  addEventListener("hashchange", () => go(Number(location.hash.slice(1)) - run.first));
  if (steps.length) go(Math.max(0, Number(location.hash.slice(1)) - run.first));
  else at("now").textContent = "the run has no steps";
})();
