// A worker in one file: `HUB_URL=ws://127.0.0.1:3001 node minimal_worker.mjs`. Needs `ws`.
import WebSocket from 'ws';

const {
  HUB_URL = 'ws://127.0.0.1:3001',
  WORKER_ID = 'minimal',
  WORKER_TOKEN,
  SERVICE = 'simulation',
} = process.env;

const headers = WORKER_TOKEN ? { Authorization: `Bearer ${WORKER_TOKEN}` } : {};
const hub = new WebSocket(`${HUB_URL}/ws/worker/${WORKER_ID}`, { headers });
const say = (type, fields = {}) =>
  hub.send(JSON.stringify({ type, worker_id: WORKER_ID, ...fields }));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Whatever the job is: here it takes half a second, and says how far it is.
async function work({ job_id, params }) {
  for (const progress of [0, 50]) {
    say('update_job_progress', { job_id, progress });
    await pause(250);
  }
  say('complete_job', { job_id, result: { echo: params } });
}

const hear = {
  connection_established: () =>
    say('register_worker', { capabilities: { services: [SERVICE] } }),
  worker_registered: ({ heartbeat_s }) => {
    setInterval(() => say('worker_heartbeat'), heartbeat_s * 1000); // renews what was assigned here
    say('claim_job'); // parked until there is one
  },
  job_assigned: work,
  job_completed_ack: ({ job_id }) => {
    console.log('completed', job_id);
    say('claim_job');
  },
  error: ({ error }) => console.log('the hub says:', error),
  unknown: ({ content }) => console.log('the hub says:', content),
};

hub.on('message', (frame) => {
  const message = JSON.parse(frame);
  hear[message.type]?.(message);
});
hub.on('close', (code, reason) => {
  console.log('the hub has closed:', code, `${reason}`);
  process.exit(1);
});
