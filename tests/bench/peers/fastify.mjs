// A peer: Fastify that validates a job by JSON Schema, deduplicates by key and keeps it in memory. argv: port
import Fastify from 'fastify'

const jobs = new Map()
const app = Fastify({ logger: false })
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
  const { idempotencyKey } = request.body
  if (!jobs.has(idempotencyKey)) jobs.set(idempotencyKey, request.body)
  if (jobs.size > 200000) jobs.clear() // bounded, as everybody's memory
  reply.code(202)
  return { id: idempotencyKey, status: 'queued' }
})
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
