/* SPDX-License-Identifier: BSD-3-Clause */
/* How the page looks: light or dark as the reader's system is, narrow or wide, or on paper. */
#include "html.h"

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d8dee4;"
	"--soft:#f6f8fa;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--warnbg:#fff8c5}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#0f1318;--fg:#e2e7ee;--dim:#97a2b0;"
	"--line:#313944;--soft:#181e25;--good:#57c26a;--bad:#ff8178;--warn:#e0b341;"
	"--warnbg:#2b2411}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;padding:1rem;max-width:86rem;background:var(--bg);color:var(--fg);"
	"font:15px/1.45 system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
	"h1{font-size:1.6rem;margin:.4rem 0 .2rem;overflow-wrap:anywhere}\n"
	"h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-bottom:.25rem;"
	"border-bottom:2px solid var(--line)}\n"
	"h3{font-size:1rem;margin:1.4rem 0 .4rem}\n"
	"p{margin:.4rem 0 .7rem;max-width:62rem}\n"
	".dim,small{color:var(--dim)}\n"
	"nav{margin:.6rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem}\n"
	"a{color:inherit}\n"
	".wide{overflow-x:auto;margin:.4rem 0 1rem}\n"
	"table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}\n"
	"th,td{padding:.26rem .5rem;border-bottom:1px solid var(--line);text-align:left;"
	"vertical-align:top}\n"
	"thead th{border-bottom:2px solid var(--line);white-space:nowrap;vertical-align:bottom}\n"
	"tbody tr:hover{background:var(--soft)}\n"
	"td.n,th.n{text-align:right;white-space:nowrap}\n"
	"td.s{white-space:nowrap}\n"
	"td.w{min-width:14rem}\n"
	"td.m{min-width:9.5rem}\n"
	"td.p{min-width:13rem}\n"
	"th.f{white-space:nowrap;font-weight:600}\n"
	"tr.group th{background:var(--soft);font-weight:400;color:var(--dim)}\n"
	"tr.group b{color:var(--fg)}\n"
	".v{font-size:1.02rem;font-weight:600;white-space:nowrap}\n"
	".u{font-weight:400;color:var(--dim);font-size:.8rem}\n"
	".ci{display:block;color:var(--dim);font-size:.78rem;white-space:nowrap}\n"
	".r{display:block;white-space:nowrap}\n"
	".good{color:var(--good)}.bad{color:var(--bad)}\n"
	".badge{display:inline-block;padding:0 .4em;border-radius:.6em;font-size:.76rem;"
	"background:var(--warnbg);color:var(--warn);border:1px solid var(--warn);white-space:"
	"nowrap}\n"
	".note{background:var(--warnbg);border-left:4px solid var(--warn);padding:.5rem .8rem}\n"
	".swatch{display:inline-block;width:.75em;height:.75em;border-radius:50%;"
	"margin-right:.4em;print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
	".c0{background:#2f7fd0}.c1{background:#d9651a}.c2{background:#1a9a6c}"
	".c3{background:#b960a8}.c4{background:#b8890b}.c5{background:#4fa9c9}"
	".c6{background:#8a6fd1}.c7{background:#8c8c3a}\n"
	".c1,.c5{border-radius:0}"
	".c2,.c6{border-radius:0;clip-path:polygon(50% 0,0 100%,100% 100%)}"
	".c3,.c7{border-radius:0;clip-path:polygon(50% 0,100% 50%,50% 100%,0 50%)}\n"
	".swatch.line{height:0;width:1.5em;border-radius:0;border-top:2px dashed;"
	"background:none;vertical-align:middle}\n"
	".swatch.p0{border-top-color:#2f7fd0}.swatch.p1{border-top-color:#d9651a}.swatch.p2{border-"
	"top-color:#1a9a6c}"
	".swatch.p3{border-top-color:#b960a8}.swatch.p4{border-top-color:#b8890b}.swatch.p5{border-"
	"top-color:#4fa9c9}"
	".swatch.p6{border-top-color:#8a6fd1}.swatch.p7{border-top-color:#8c8c3a}\n"
	".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));"
	"gap:1rem}\n"
	".charts.large{grid-template-columns:repeat(auto-fill,minmax(min(100%,34rem),1fr))}\n"
	"figure{margin:0;border:1px solid var(--line);border-radius:.4rem;padding:.6rem;"
	"break-inside:avoid;max-width:42rem}\n"
	"figcaption{font-size:.88rem;font-weight:600}\n"
	"figcaption span{display:block;font-weight:400;color:var(--dim);font-size:.78rem;"
	"overflow-wrap:anywhere}\n"
	"figure svg{display:block;width:100%;height:auto}\n"
	".legend{display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.8rem}\n"
	".legend span{overflow-wrap:anywhere}\n"
	".cmd{font:.8rem/1.4 ui-monospace,\"DejaVu Sans Mono\",monospace;overflow-wrap:anywhere}\n"
	".env td{min-width:13rem;max-width:30rem;overflow-wrap:anywhere}\n"
	"details{margin:.5rem 0}summary{cursor:pointer}\n"
	"svg.defs{position:absolute;width:0;height:0}\n"
	"footer{margin-top:2.5rem;color:var(--dim);font-size:.8rem}\n"
	"tbody th.f{position:sticky;left:0;background:var(--bg)}\n"
	"tr.group span{position:sticky;left:.5rem;display:inline-block;max-width:92vw}\n"
	"@media(max-width:40rem){body{padding:.6rem;font-size:14px}th,td{padding:.25rem .4rem}"
	"th.f{white-space:normal;min-width:4.6rem;max-width:6rem}}\n"
	/* On paper nothing scrolls and nothing is dark. */
	"@page{size:A4 landscape;margin:10mm}\n"
	"@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;"
	"--soft:#f3f3f3;--good:#116329;--bad:#a40e26;--warn:#7d4e00;--warnbg:#fff}"
	"body{max-width:none;padding:0;font-size:9pt}nav{display:none}"
	"h2,h3{break-after:avoid}tr,figure{break-inside:avoid}thead{display:table-header-group}"
	".wide{overflow:visible}table{font-size:7pt}th,td{padding:.1rem .25rem}"
	"td.n,th.n,td.s,th.f,thead th,.v,.ci,.r,.badge{white-space:normal}"
	"td.m,td.w,td.p,.env td{min-width:0}tbody th.f,tr.group span{position:static}"
	".charts{grid-template-columns:repeat(3,1fr)}.charts.large{grid-template-columns:1fr 1fr}"
	".v{font-size:8pt}.u,.ci,.r,.badge,table small{font-size:6.5pt}}\n";

/* The marks of points in all charts; gnuplot's names for them. */
static const char marks[] =
	"<svg class=\"defs\" xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\"><defs>"
	"<circle id=\"gpPt6\" r=\"1\" fill=\"currentColor\"/>"
	"<rect id=\"gpPt4\" x=\"-1\" y=\"-1\" width=\"2\" height=\"2\" fill=\"currentColor\"/>"
	"<path id=\"gpPt8\" d=\"M0,-1.33 L-1.33,0.67 L1.33,0.67 z\" fill=\"currentColor\"/>"
	"<path id=\"gpPt12\" d=\"M0,-1.4 L1.4,0 L0,1.4 L-1.4,0 z\" fill=\"currentColor\"/>"
	"</defs></svg>\n";

void
html_open(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		out);
	html_text(out, title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n%s", style, marks);
}

void
html_close(FILE *out)
{
	fputs("</body>\n</html>\n", out);
}
