// A peer: graphile-worker with its local queue. argv: URL
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import { now, payload, report } from './measure.mjs'

const [url] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 40 })
const common = { pgPool: pool, logger: new Logger(() => () => {}) }
const utils = await makeWorkerUtils(common)
await utils.migrate()
const jobs = 10000
for (let i = 0; i < jobs; i += 500) {
  await utils.addJobs(Array.from({ length: 500 }, (_, k) => ({ identifier: 'noop', payload: payload(i + k) })))
}
await pool.query('ANALYZE')
let left = jobs
let ended
const all = new Promise((resolve) => { ended = resolve })
const began = now()
await run({
  ...common,
  noHandleSignals: true,
  preset: {
    worker: {
      concurrentJobs: 20,
      pollInterval: 2000,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0
    }
  },
  taskList: { noop: async () => { if (--left === 0) ended() } }
})
await all
report('run', 'graphile', jobs / (now() - began) * 1000, 'per_s')
process.exit(0)
