# SPDX-License-Identifier: BSD-3-Clause
"""One page of a comparison's medians: a bar for each system under each figure, without scripts or
anything from elsewhere."""

import html

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em;
       color: #222; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.05em; margin: 1.6em 0 .3em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .15em .6em .15em 0; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.bar { width: 45%; min-width: 8em; }
td.bar div { background: #9db8d2; height: .85em; } tr.ours td.bar div { background: #2a6f97; }
.note { color: #777; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; }
  td.bar div { background: #44576b; } tr.ours td.bar div { background: #5aa9d6; } }
@media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; }
  tr { break-inside: avoid; } }
"""


def number(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def table(entry):
    most = max(s["max"] for s in entry["systems"]) or 1
    better = "more is better" if entry["more_is_better"] else "less is better"
    text = [f"<h2>{html.escape(entry['title'])}, {entry['unit']} ({better})</h2>",
            '<div class="wide"><table><tr><th>system<th class="number">median'
            '<th class="number">min<th class="number">max<th><th class="number">ratio of ours to this']
    for s in entry["systems"]:
        ours = ' class="ours"' if s["system"].startswith(("crossdock", "memif", "afxdp")) else ""
        note = f' <span class="note">{html.escape(s["note"])}</span>' if s["note"] else ""
        ratio = f"{s['beside']} {s['beside_to_this']:.2f}" if s["beside_to_this"] else ""
        text.append(
            f"<tr{ours}><td>{html.escape(s['title'])}{note}"
            f'<td class="number">{number(s["median"])}<td class="number">{number(s["min"])}'
            f'<td class="number">{number(s["max"])}<td class="bar">'
            f'<div style="width:{100 * s["median"] / most:.1f}%"></div>'
            f'<td class="number">{ratio}')
    return "\n".join([*text, "</table></div>"])


def of(document, title="The kernel's tools over what joins two ends"):
    env = document["environment"]
    partial = "" if document["complete"] else "<p><strong>Interrupted: not all of it is here." \
                                              "</strong></p>"
    facts = (f"{env['cpu']}, {env['cpus']} CPUs, Linux {env['kernel']}; the switch on CPU "
             f"{env['dut_core']}, crossdock's workers idle: {env['idle']}; {env['time_s']} s each; "
             f"{env['busy_cpus_before']} CPUs busy before")
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(facts)}.</p>{partial}",
        "<p>Medians of rounds in which all were measured in turn; ratios are medians of those of "
        "one round.</p>",
        *(table(entry) for entry in document["summary"]), "</body></html>", ""])
