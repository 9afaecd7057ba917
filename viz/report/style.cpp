#include "viz/report/style.hpp"

namespace viz {

// Hues after Okabe and Ito's palette for all kinds of colour vision; each series also differs in
// lightness from its neighbours.
const char* report_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #5b6675; --rule: #dfe3e8;
  --grid-line: #e6e9ed; --accent: #0b5fa5; --bad: #b3261e;
  --pv: #e69f00; --grid: #0072b2; --battery: #b8659a; --load: #56b4e9; --heat: #d55e00;
  --ev: #009e73; --losses: #8a929c; --more: rgba(27, 35, 48, 0.28);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1b212a; --ink: #e8ecf1; --soft: #a3adba; --rule: #303946;
    --grid-line: #2b333f; --accent: #6db3f2; --bad: #ff8a80;
    --pv: #f0b429; --grid: #3d94d6; --battery: #d48fbc; --load: #7cc7f2; --heat: #f07f3c;
    --ev: #2cc295; --losses: #7d8794; --more: rgba(0, 0, 0, 0.6);
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 1200px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; line-height: 1.3; margin: 0 0 4px; }
.lead { color: var(--soft); margin: 0 0 24px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; }
.card, figure, section {
  background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
}
.card { padding: 14px 16px; }
.card .name { color: var(--soft); font-size: 13px; margin: 0; }
.card .value { white-space: nowrap; font-size: 24px; font-weight: 600; line-height: 1.25; margin: 2px 0; }
.card .value small { font-size: 15px; font-weight: 500; color: var(--soft); }
.card .more { color: var(--soft); font-size: 13px; margin: 0; }
figure, section { margin: 20px 0 0; padding: 20px 22px 16px; }
.message { margin: 0 0 10px; max-width: 105ch; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
.legend {
  display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 6px; padding: 0; list-style: none;
  font-size: 13px; color: var(--soft);
}
.legend li { display: flex; align-items: center; gap: 7px; }
.key { flex: none; width: 16px; height: 12px; border-radius: 2px; }
.key.stroke { height: 0; border-radius: 0; border-top-width: 3px; border-top-style: solid; }
.key.dot, .key.ring { width: 7px; height: 7px; border-radius: 50%; background: var(--soft); }
.key.ring { width: 13px; height: 13px; border: 2px solid var(--ink); background: none; }
.key.rings { width: 13px; height: 13px; border: 2px solid var(--ink); border-radius: 50%;
  box-shadow: 6px 0 0 -2px var(--card), 6px 0 0 0 var(--ink); margin-right: 5px; background: none; }
text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
.tick, .unit, .note { fill: var(--soft); font-variant-numeric: tabular-nums; }
.label { font-size: 14px; }
.limit-text { fill: var(--bad); }
.grid { stroke: var(--grid-line); stroke-width: 1; }
.zero { stroke: var(--soft); stroke-width: 1.2; }
.midnight { stroke: var(--rule); stroke-width: 2; }
.limit { stroke: var(--bad); stroke-width: 1.6; stroke-dasharray: 7 5; }
.key.limit { border-top: 2px dashed var(--bad); }
.v-area { fill: var(--grid); fill-opacity: 0.28; }
.v-edge { fill: none; stroke: var(--grid); stroke-width: 1.3; stroke-linejoin: round; }
.key.v-band { background: var(--grid); opacity: 0.5; }
.l-transformer, .l-branch, .m-price, .f-actual, .f-forecast {
  fill: none; stroke-width: 2; stroke-linejoin: round;
}
.l-transformer { stroke: var(--grid); border-color: var(--grid); }
.l-branch { stroke: var(--pv); border-color: var(--pv); stroke-width: 1.3; }
.m-price { stroke: var(--heat); border-color: var(--heat); stroke-width: 2.4; }
.m-band { fill: var(--load); fill-opacity: 0.16; }
.key.m-band { background: var(--load); opacity: 0.35; }
.m-volume { fill: var(--ev); }
.key.m-volume { background: var(--ev); }
.f-actual { stroke: var(--grid); border-color: var(--grid); }
.f-forecast { stroke: var(--heat); border-color: var(--heat); stroke-dasharray: 6 4; }
.key.f-forecast { border-top-style: dashed; }
.k-first { fill: var(--grid); } .key.k-first { background: var(--grid); }
.k-later { fill: var(--heat); } .key.k-later { background: var(--heat); }
.k-bytes { fill: var(--ev); } .key.k-bytes { background: var(--ev); }
.k-fault { fill: var(--bad); fill-opacity: 0.45; } .key.k-fault { background: var(--bad); opacity: 0.45; }
.k-shade { fill: var(--bad); fill-opacity: 0.07; }
.c-pv { fill: var(--pv); } .key.c-pv { background: var(--pv); }
.c-grid { fill: var(--grid); } .key.c-grid { background: var(--grid); }
.c-battery { fill: var(--battery); } .key.c-battery { background: var(--battery); }
.c-load { fill: var(--load); } .key.c-load { background: var(--load); }
.c-heat { fill: var(--heat); } .key.c-heat { background: var(--heat); }
.c-ev { fill: var(--ev); } .key.c-ev { background: var(--ev); }
.c-losses { fill: var(--losses); } .key.c-losses { background: var(--losses); }
.ribbon { fill-opacity: 0.42; }
.trunk { fill: var(--soft); fill-opacity: 0.55; }
.bus { stroke: none; }
.home { stroke: var(--ink); stroke-width: 1.5; }
.wire { stroke: var(--soft); stroke-width: 2; }
.symbol { fill: none; stroke: var(--ink); stroke-width: 2; }
.r-less { fill: var(--ev); stroke: var(--ev); } .key.r-less { background: var(--ev); }
.r-more { fill: var(--bad); stroke: var(--bad); } .key.r-more { background: var(--bad); }
.r-open { fill: var(--card); stroke: var(--soft); stroke-width: 2; }
.key.r-open { background: none; border: 2px solid var(--soft); width: 11px; height: 11px; }
.whisker { stroke-width: 2; }
.r-none { fill: var(--card); stroke: var(--ink); stroke-width: 2; }
.key.r-none { background: none; border: 2px solid var(--ink); width: 11px; height: 11px; }
.r-rung, .b-rung { fill: var(--grid); } .key.r-rung, .key.b-rung { background: var(--grid); }
.b-none { fill: var(--losses); } .key.b-none { background: var(--losses); }
.leader { stroke: var(--soft); stroke-width: 1; }
.least { fill: var(--ink); font-weight: 700; }
.question { font-size: 18px; margin: 6px 0; }
.line { margin: 0 0 2px; }
td small { color: var(--soft); font-size: 12px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.scroll {  /* a shade at an edge beyond which there is more; it goes where the end is reached */
  overflow-x: auto;
  background:
    linear-gradient(to right, var(--card) 40%, transparent) left / 36px 100% no-repeat local,
    linear-gradient(to left, var(--card) 40%, transparent) right / 36px 100% no-repeat local,
    linear-gradient(to right, var(--more), transparent) left / 16px 100% no-repeat scroll,
    linear-gradient(to left, var(--more), transparent) right / 16px 100% no-repeat scroll;
}
.scroll::-webkit-scrollbar { height: 9px; }
.scroll::-webkit-scrollbar-track { background: var(--grid-line); border-radius: 5px; }
.scroll::-webkit-scrollbar-thumb { background: var(--losses); border-radius: 5px; }
.scroll > svg { min-width: 760px; }
th { text-align: right; color: var(--soft); font-weight: 500; font-size: 13px; vertical-align: bottom; }
td { text-align: right; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th.words, td.words { text-align: left; white-space: normal; overflow-wrap: anywhere; }
th.name, td.name { text-align: left; position: sticky; left: 0; background: var(--card); }
tfoot td { font-weight: 600; border-bottom: none; }
.loss { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
footer { color: var(--soft); font-size: 13px; margin-top: 24px; }
@media (max-width: 640px) {
  main { padding: 20px 10px 40px; }
  figure, section { padding: 16px 12px 12px; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 8px; }
}
@media print {
  .scroll { background: none; }
  .scroll > svg { min-width: 0; }
  :root {
    color-scheme: light;
    --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --rule: #cccccc;
    --grid-line: #dddddd; --bad: #b3261e;
  }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  figure, .card, tr { break-inside: avoid; }
  figure, section { border: none; padding: 12px 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";
}

}  // namespace viz
