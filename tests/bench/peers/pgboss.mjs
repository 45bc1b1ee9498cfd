// A peer: pg-boss. argv: URL, submit | run
import pg from 'pg'
import PgBoss from 'pg-boss'
import { now, payload, report } from './measure.mjs'

const [url, what] = process.argv.slice(2)
const boss = new PgBoss({ connectionString: url, max: 20, supervise: false, schedule: false })
boss.on('error', (e) => { throw e })
await boss.start()
await boss.createQueue('bench')
for (let i = 0; i < 200; i++) await boss.send('bench', payload(i))

if (what === 'submit') {
  const jobs = 5000
  let next = 0
  const began = now()
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (next < jobs) await boss.send('bench', payload(next++))
  }))
  report('submit', 'pg-boss', jobs / (now() - began) * 1000, 'per_s')
} else { // the fastest shape that it offers: its worker polls twice a second at best
  const jobs = 10000
  for (let i = 0; i < jobs; i += 500) {
    await boss.insert(Array.from({ length: 500 }, (_, k) => ({ name: 'bench', data: payload(i + k) })))
  }
  const client = new pg.Client(url)
  await client.connect()
  await client.query('ANALYZE') // without statistics its fetch reads the whole table
  await client.end()
  const began = now()
  for (let done = 0; done < jobs;) {
    const some = await boss.fetch('bench', { batchSize: 100 })
    await boss.complete('bench', some.map((job) => job.id))
    done += some.length
  }
  report('run', 'pg-boss', jobs / (now() - began) * 1000, 'per_s')
}
process.exit(0)
