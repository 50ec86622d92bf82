// BullMQ's producer and worker; the protocol is in ../README.md.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { Queue, Worker } from "bullmq";

const QUEUE = "bench";
const now = () => process.hrtime.bigint();

async function produce(connection, width) {
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();

  async function submitOneByOne(count) {
    for (let i = 0; i < count; i++) await queue.add("noop", {});
  }

  for await (const line of createInterface({ input: process.stdin })) {
    const count = Number(line);
    const begun = now();
    const shares = Array.from({ length: Math.min(count, width) }, (_, i) => Math.ceil((count - i) / width));
    await Promise.all(shares.map(submitOneByOne));
    console.log(`${begun} ${now()}`);
  }
  await queue.close();
}

async function work(connection, concurrency, events, every) {
  let seen = 0;
  const mark = () => {
    const at = now();
    if (++seen % every === 0) console.log(`${at}`);
  };
  const noop = async () => {
    if (events.includes("started")) mark();
  };
  const worker = new Worker(QUEUE, noop, { connection, concurrency, autorun: false });
  worker.on("completed", mark);
  worker.on("error", (error) => {
    throw error;
  });
  await worker.waitUntilReady();
  const { version } = createRequire(import.meta.url)("bullmq/package.json");
  console.log(`${version} ${now()}`);
  await worker.run();
}

const [role, url, width, events, every] = process.argv.slice(2);
const connection = { path: decodeURIComponent(new URL(url).pathname) };
if (role === "producer") await produce(connection, Number(width));
else await work(connection, Number(width), events, Number(every));
