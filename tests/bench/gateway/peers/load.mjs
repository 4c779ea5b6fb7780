// node load.mjs <url> <connections> <seconds> <file with the body>: the load where there is no wrk. TOKEN goes with it.
import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';

const [, , url, connections, seconds, file] = process.argv;
const times = [];
const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.TOKEN}` };
const run = autocannon({
  url, method: 'POST', headers, body: readFileSync(file), connections: Number(connections), duration: Number(seconds),
});
run.on('response', (_client, _status, _bytes, time) => times.push(time));
const result = await run;
times.sort((a, b) => a - b);
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
console.log(JSON.stringify({
  requests: times.length, per_second: times.length / result.duration, p50: at(0.5), p95: at(0.95),
  failed: result.non2xx + result.errors + result.timeouts,
}));
