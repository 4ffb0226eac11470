// Opens reports in headless Chromium, narrow and wide, light and dark and as they are printed, with every fold opened, and
// says what is wrong: whatever the console has, a request for anything but the page itself, a page that scrolls sideways, a
// table of controls that is cut, a list of targets that cannot be narrowed, and what axe-core finds. Speaks the DevTools protocol over a pipe, so that it needs nothing but Node and Chromium.
//
// node look.mjs CHROMIUM AXE FOLDER-FOR-PICTURES PAGE…
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, axePath, pictures, ...pages] = process.argv.slice(2);
const axe = readFileSync(axePath, "utf8");
const profile = mkdtempSync(join(tmpdir(), "pinstead-look-"));
const flags = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
  `--user-data-dir=${profile}`, "about:blank",
];
const browser = spawn(chromium, flags, { stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"] });
const [toBrowser, fromBrowser] = [browser.stdio[3], browser.stdio[4]];

let last = 0;
const waiting = new Map();
let heard = () => {};
let rest = "";
fromBrowser.setEncoding("utf8");
fromBrowser.on("data", (text) => {
  const parts = (rest + text).split("\0");
  rest = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id === undefined) {
      heard(message);
      continue;
    }
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    message.error ? reject(new Error(JSON.stringify(message.error))) : resolve(message.result);
  }
});
const send = (method, params = {}, sessionId = undefined) =>
  new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, { resolve, reject });
    toBrowser.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
  });

const problems = [];
// So many targets at once are a matter of layout: axe looks at them as they open, which is folded.
const MANY = 20;
// A wide table is folded into a list where the page is narrower than this.
const WIDE = 700;
async function look(page, width, scheme, media = "screen") {
  const url = pathToFileURL(page).href;
  const say = (what) => {
    const problem = `${basename(page)} at ${width} px, ${scheme}, ${media}: ${what}`;
    problems.push(problem);
    // Whoever waits in vain for the rest has this much.
    console.log(problem);
  };
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const tell = (method, params) => send(method, params, sessionId);
  let loaded;
  const isLoaded = new Promise((resolve) => { loaded = resolve; });
  let told = true;
  heard = ({ method, params, sessionId: of }) => {
    if (of !== sessionId || !told) return;
    if (method === "Page.loadEventFired") loaded();
    if (method === "Log.entryAdded") say(`the console says: ${params.entry.text}`);
    if (method === "Runtime.consoleAPICalled") say(`the console says: ${JSON.stringify(params.args)}`);
    if (method === "Runtime.exceptionThrown") say(`an exception: ${params.exceptionDetails.text}`);
    if (method === "Network.requestWillBeSent" && params.request.url !== url) say(`it asks for ${params.request.url}`);
  };
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await tell(`${domain}.enable`);
  const height = 900;
  await tell("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  await tell("Emulation.setEmulatedMedia", { media, features: [{ name: "prefers-color-scheme", value: scheme }] });
  await tell("Page.navigate", { url });
  await isLoaded;
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await tell("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const picture = async (name) => {
    const { data } = await tell("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(pictures, `${basename(page, ".html")}-${width}-${scheme}-${media}${name}.png`), Buffer.from(data, "base64"));
  };
  await picture("");
  const scripts = await evaluate("document.scripts.length");
  if (scripts !== 0) say(`it has ${scripts} scripts`);
  const wider = `[document.documentElement.scrollWidth, innerWidth, [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll, .hidden, .skip"))
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 120))]`;
  for (const state of ["as it opens", "with every fold open"]) {
    const [needs, has, which] = await evaluate(wider);
    if (needs > has || which.length > 0) say(`${state}, it needs ${needs} px of ${has}: ${which.join(" … ")}`);
    await evaluate(`document.querySelectorAll("details").forEach((one) => { one.open = true; })`);
  }
  const cut = await evaluate(`[...document.querySelectorAll(".matrix")].filter((one) => one.offsetWidth > 0)
    .map((one) => one.closest(".scroll")).filter((one) => one.scrollWidth > one.clientWidth + 1).length`);
  if (width >= WIDE && cut > 0) say(`${cut} tables of controls are cut`);
  if (media === "print") {
    await send("Target.closeTarget", { targetId });
    return;
  }
  for (const kind of await evaluate(`[...document.querySelectorAll(".filter input")].map((one) => one.id.slice(5))`)) {
    const wrong = await evaluate(`document.getElementById("show-${kind}").click();
      [...document.querySelectorAll("article, .targets tr[class]")].filter((one) =>
        (one.getClientRects().length > 0) !== ("${kind}" === "all" || one.classList.contains("of-${kind}"))).length`);
    if (wrong > 0) say(`of “${kind}”, ${wrong} targets are shown or hidden that should not be`);
  }
  await evaluate(`document.getElementById("show-all")?.click()`);
  await evaluate(`document.querySelectorAll("article").length > ${MANY} &&
    document.querySelectorAll("article > details").forEach((one) => { one.open = false; })`);
  // What axe does is not the page's doing.
  told = false;
  await tell("Page.setBypassCSP", { enabled: true });
  await evaluate(axe);
  const violations = await evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.slice(0, 3).map((node) =>
      node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join(" … ")))`);
  violations.forEach(say);
  await send("Target.closeTarget", { targetId });
}

const late = setTimeout(() => {
  console.log("it took longer than 20 minutes");
  browser.kill("SIGKILL");
  process.exit(1);
}, 1_200_000);
const ended = new Promise((resolve) => browser.once("exit", () => resolve(true)));
browser.on("exit", (code) => {
  if (!late.isOver) {
    console.log(`Chromium ended with ${code}`);
    process.exit(1);
  }
});
try {
  for (const page of pages) {
    for (const width of [390, 768, 1280]) {
      for (const scheme of ["light", "dark"]) await look(page, width, scheme);
    }
    // The width of an A4 sheet within its margins.
    await look(page, 718, "light", "print");
  }
} catch (error) {
  problems.push(error);
  console.log(String(error.stack ?? error));
}
late.isOver = true;
clearTimeout(late);
// Asked to end, it writes what it has and takes its children along; who is killed leaves them writing for a while.
const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000, false));
send("Browser.close").catch(() => {});
if (!(await Promise.race([ended, seconds(20)]))) {
  browser.kill("SIGKILL");
  await ended;
}
for (let left = 20; left > 0; left -= 1) {
  try {
    rmSync(profile, { recursive: true, force: true });
    break;
  } catch (error) {
    // A profile that stays in the temporary folder says nothing of the reports.
    if (left === 1) console.log(`${profile} stays: ${error.code}`);
    await seconds(0.25);
  }
}
console.log(`${pages.length} pages looked at, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
