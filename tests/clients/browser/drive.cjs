// Opens pages in a browser and has them call a host.
//
//     drive.cjs CHROMIUM HOST DESCRIPTORS FOLDER PAGE STRANGER
//
// Puts what the pages load into FOLDER, which is served as PAGE and STRANGER,
// and prints, as one JSON object, what calls from PAGE give, what they give from
// STRANGER, how many preflights the browser made for each, the versions of HTTP
// it spoke, and when it is closed.

const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const esbuild = require("esbuild");
const { chromium } = require("playwright-core");

const [executablePath, host, descriptors, folder, page, stranger] = process.argv.slice(2);

const args = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-proxy-server",
];

async function open(context, url) {
  const page = await context.newPage();
  let preflights = 0;
  const protocols = new Set();
  const devtools = await context.newCDPSession(page);
  devtools.on("Network.requestWillBeSent", ({ initiator }) => (preflights += initiator.type === "preflight"));
  devtools.on("Network.responseReceived", ({ response }) => {
    if (response.url.startsWith(host)) protocols.add(response.protocol);
  });
  await devtools.send("Network.enable");
  await page.goto(url);
  return { page, preflights: () => preflights, protocols };
}

async function main() {
  await esbuild.build({
    entryPoints: [join(__dirname, "page.js")],
    bundle: true,
    outfile: join(folder, "page.js"),
    nodePaths: [process.env.NODE_PATH],
  });
  writeFileSync(join(folder, "index.html"), '<!doctype html><meta charset="utf-8"><script src="page.js"></script>');
  const set = readFileSync(descriptors).toString("base64");
  const profile = mkdtempSync(join(tmpdir(), "page-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    headless: true,
    chromiumSandbox: false,
    // The host's certificate is its own.
    ignoreHTTPSErrors: true,
  });
  try {
    const ours = await open(context, page);
    const allowed = await ours.page.evaluate(([set, host]) => everything(set, host), [set, host]);
    const theirs = await open(context, stranger);
    const refused = await theirs.page.evaluate(([set, host]) => one(set, host), [set, host]);
    const preflights = [ours.preflights(), theirs.preflights()];
    const protocols = [...ours.protocols];
    const closing = new Date().toISOString();
    console.log(JSON.stringify({ allowed, refused, preflights, protocols, closing }));
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
