// What the peers share: one JSON line a figure, jobs of the same size as ours, a fixed rate.
import { connect } from 'node:net'

export const report = (figure, of, value, unit) => console.log(JSON.stringify({ figure, of, value, unit }))
export const now = () => Number(process.hrtime.bigint()) / 1e6 // ms
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
export const percentile = (values, share) => {
  const sorted = [...values].sort((x, y) => x - y)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
export const payload = (n) => ({ // 200 bytes of JSON
  guild: '81384788765712384', user: '175928847299117063', playlist: '37i9dQZF1DXcBWIGoYBM5M', market: 'GB',
  opts: { dedupe: true, order: 'added_at', limit: 100 }, note: 'abcdefghijklm', n: String(n).padStart(9, '0')
})
export const paced = async (perSecond, count, send) => {
  const began = now()
  const sent = []
  while (sent.length < count) {
    const due = Math.min(count, Math.floor((now() - began) / 1000 * perSecond))
    while (sent.length < due) sent.push(send(sent.length))
    await sleep(1)
  }
  await Promise.all(sent)
}
// Seconds of CPU that the server has used.
export const redisCpu = (port) => new Promise((resolve, reject) => {
  let text = ''
  const socket = connect(+port, '127.0.0.1', () => socket.write('INFO cpu\r\n'))
  socket.on('error', reject)
  socket.on('data', (data) => {
    text += data
    const found = /used_cpu_sys:([\d.]+)[\s\S]*used_cpu_user:([\d.]+)/.exec(text)
    if (found) {
      socket.destroy()
      resolve(+found[1] + +found[2])
    }
  })
})
