// BullMQ as its users set it up: five attempts with backoff, ended jobs removed.
import { Queue } from 'bullmq'

export const connection = (port) => ({ host: '127.0.0.1', port: +port, maxRetriesPerRequest: null })
export const addQueue = async (name, port) => {
  const queue = new Queue(name, {
    connection: connection(port),
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 5, backoff: { type: 'exponential', delay: 1000 } }
  })
  await queue.waitUntilReady()
  return queue
}
