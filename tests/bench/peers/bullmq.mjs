// A peer: BullMQ. argv: Redis' port, run | latency | fill COUNT
import { fork } from 'node:child_process'
import { Worker } from 'bullmq'
import { addQueue, connection } from './bullmq_queue.mjs'
import { now, paced, payload, percentile, redisCpu, report } from './measure.mjs'

const [port, what, count] = process.argv.slice(2)
const queue = await addQueue('bench', port)
const fill = async (jobs, from = 0) => {
  for (let i = 0; i < jobs; i += 500) {
    const many = Math.min(500, jobs - i)
    await queue.addBulk(Array.from({ length: many }, (_, k) => (
      { name: 'noop', data: payload(from + i + k), opts: { jobId: `key-${from + i + k}` } })))
  }
}

if (what === 'fill') await fill(+count, (await queue.count()))
if (what === 'run') {
  const jobs = 20000
  await fill(jobs)
  let left = jobs
  const worker = new Worker('bench', async () => {}, { connection: connection(port), concurrency: 100, autorun: false })
  const ended = new Promise((resolve) => worker.on('completed', () => { if (--left === 0) resolve() }))
  await worker.waitUntilReady()
  const used = await redisCpu(port)
  const began = now()
  worker.run()
  await ended
  report('run', 'bullmq', jobs / (now() - began) * 1000, 'per_s')
  report('run_redis_cpu', 'bullmq', (await redisCpu(port) - used) / jobs * 1e6, 'us')
  await worker.close(true)
}
if (what === 'latency') { // the worker is a process of its own, as it would be
  const jobs = 1800
  const child = fork(process.argv[1], [port, 'work', String(jobs)])
  const answer = () => new Promise((resolve) => child.once('message', resolve))
  await answer()
  const measured = answer()
  await paced(300, jobs, (n) => queue.add('noop', { ...payload(n), sent: now() }))
  const took = await measured
  report('latency_p50', 'bullmq', percentile(took, 0.5), 'ms')
  report('latency_p99', 'bullmq', percentile(took, 0.99), 'ms')
}
if (what === 'work') {
  const took = []
  const worker = new Worker('bench', async (job) => {
    took.push(now() - job.data.sent) // one clock for all processes
    if (took.length === +count) process.send(took)
  }, { connection: connection(port), concurrency: 100 })
  await worker.waitUntilReady()
  process.send('ready')
  await new Promise((resolve) => process.once('disconnect', resolve))
}
await queue.close()
process.exit(0)
