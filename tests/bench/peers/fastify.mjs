// Peers: Fastify that validates a job by JSON Schema, deduplicates by key and keeps it.
// argv: memory | bullmq | stream, port, Redis' port
import Fastify from 'fastify'

const [kept, port, redisPort] = process.argv.slice(2)
const app = Fastify({ logger: false })
const keep = await {
  memory: async () => {
    const jobs = new Map()
    return async (job) => {
      if (!jobs.has(job.idempotencyKey)) jobs.set(job.idempotencyKey, job)
      if (jobs.size > 200000) jobs.clear() // bounded, as everybody's memory
      return job.idempotencyKey
    }
  },
  bullmq: async () => {
    const { addQueue } = await import('./bullmq_queue.mjs')
    const queue = await addQueue('jobs', redisPort)
    return async (job) => (await queue.add(job.type, job.payload, { jobId: job.idempotencyKey })).id
  },
  stream: async () => { // by hand: one round trip, commands of one turn in one write
    const { default: Redis } = await import('ioredis')
    const redis = new Redis({ host: '127.0.0.1', port: +redisPort, enableAutoPipelining: true })
    redis.defineCommand('submit', {
      numberOfKeys: 2,
      lua: `if redis.call('set', KEYS[1], '1', 'NX', 'EX', 86400) then
        return redis.call('xadd', KEYS[2], '*', 'job', ARGV[1])
      end
      return 'duplicate'`
    })
    return async (job) => redis.submit('key:' + job.idempotencyKey, 'jobs', JSON.stringify(job))
  }
}[kept]()
app.post('/jobs', {
  schema: {
    body: {
      type: 'object',
      required: ['type'],
      additionalProperties: false,
      properties: {
        type: { type: 'string', minLength: 1, maxLength: 128 },
        idempotencyKey: { type: 'string', minLength: 1, maxLength: 255 },
        payload: { type: 'object' }
      }
    },
    response: { 202: { type: 'object', properties: { id: { type: 'string' }, status: { type: 'string' } } } }
  }
}, async (request, reply) => {
  const id = await keep(request.body)
  reply.code(202)
  return { id, status: 'queued' }
})
await app.listen({ port: +port, host: '127.0.0.1' })
