/** Messages: many, large, edited, read again, and caught up with. */
import { randomBytes } from 'node:crypto'
import { AblySocket } from '../ably-socket.ts'
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import { connect, names } from './channels.ts'

const LARGE = 'x'.repeat(60_000)

export const messageLevers: readonly Lever[] = [
  {
    name: 'batch-publish',
    who: 'key holder',
    summary: 'batches of 100 messages for 100 channels each, eight at a time',
    pull: (attacker) => {
      const specs = Array.from({ length: 100 }, (_, i) => ({
        channels: names('same', 100),
        messages: { data: `message ${i}` },
      }))
      return attacker.repeat(8, () => attacker.post('/messages', specs))
    },
  },
  {
    name: 'publish-in-frames',
    who: 'key holder',
    summary: '20 connections that publish as often as they may, to 50 who listen to all of it',
    pull: async (attacker) => {
      const listeners = await connect(attacker, 50)
      for (const listener of listeners) await listener.attach('frames')
      const speakers = await connect(attacker, 20)
      await attacker.repeat(20, async (turn) => {
        for (let i = 0; i < 20; i++)
          speakers[turn % 20]!.sendNumbered({
            action: AblySocket.MESSAGE,
            channel: 'frames',
            messages: [{ data: 'hello' }],
          })
        await Bun.sleep(20)
      })
      for (const { seen } of speakers) attacker.count('NACK', seen.get(AblySocket.NACK) ?? 0)
      for (const { seen } of listeners) attacker.count('heard', seen.get(AblySocket.MESSAGE) ?? 0)
    },
  },
  {
    name: 'large-frames',
    who: 'key holder',
    summary: '60 KB at a time over REST to 50 who listen, half of them reading differences',
    pull: async (attacker) => {
      const listeners = await connect(attacker, 50)
      for (const [i, listener] of listeners.entries())
        await listener.attach('large', i % 2 === 0 ? {} : { params: { delta: 'vcdiff' } })
      await attacker.repeat(8, () =>
        attacker.post('/channels/large/messages', { data: randomBytes(30_000).toString('hex') }),
      )
    },
  },
  {
    name: 'differences-of-noise',
    who: 'key holder',
    summary: 'messages of 60 KB that are nearly alike, of which differences are made',
    pull: async (attacker) => {
      const [listener] = await connect(attacker, 1)
      const channels = names('noise', 20)
      for (const channel of channels)
        await listener!.attach(channel, { params: { delta: 'vcdiff' } })
      const base = randomBytes(20).toString('hex').repeat(1500)
      await attacker.repeat(8, (turn) => {
        const data = `${turn}${base.slice(turn % 40)}`
        return attacker.post(`/channels/${channels[turn % 20]}/messages`, { data })
      })
    },
  },
  {
    name: 'catching-up',
    who: 'key holder',
    summary: '200 readers who come back and catch up on 7 MB each',
    pull: async (attacker) => {
      const first = await attacker.ably()
      const { channelSerial } = await first.attach('behind')
      await fill(attacker, 'behind', 115)
      const readers = await connect(attacker, 200)
      await attacker.repeat(200, async (turn) => {
        const reader = readers[turn % readers.length]!
        await reader.attach('behind', { channelSerial })
        attacker.count('attached')
        reader.send({ action: AblySocket.DETACH, channel: 'behind' })
        await Bun.sleep(50)
      })
    },
  },
  {
    name: 'winding-back',
    who: 'key holder',
    summary: '50 readers who wind back two minutes of 10,000 messages, again and again',
    pull: async (attacker) => {
      const messages = Array.from({ length: 200 }, (_, i) => ({ data: `message ${i}` }))
      await attacker.times(50, 4, () => attacker.post('/channels/rewound/messages', messages))
      const readers = await connect(attacker, 50)
      await attacker.repeat(50, async (turn) => {
        const reader = readers[turn % readers.length]!
        await reader.attach('rewound', { params: { rewind: '2m' } })
        attacker.count('attached')
        reader.send({ action: AblySocket.DETACH, channel: 'rewound' })
        await Bun.sleep(50)
      })
    },
  },
  {
    name: 'pages-of-history',
    who: 'key holder',
    summary: 'pages of 1,000 messages of 5 KB, 16 at a time, from memory and from the disk',
    pull: async (attacker) => {
      const messages = Array.from({ length: 10 }, () => ({ data: 'x'.repeat(5000) }))
      for (const channel of ['pages', 'kept:pages'])
        await attacker.times(100, 4, () => attacker.post(`/channels/${channel}/messages`, messages))
      await attacker.repeat(16, (turn) => {
        const channel = turn % 2 === 0 ? 'pages' : 'kept:pages'
        return attacker.askAsHolder(`/channels/${channel}/messages?limit=1000`)
      })
    },
  },
  {
    name: 'pages-nobody-reads',
    who: 'key holder',
    summary: 'asks 400 times for 5 MB of history and reads nothing',
    pull: async (attacker) => {
      const messages = Array.from({ length: 10 }, () => ({ data: 'x'.repeat(5000) }))
      await attacker.times(100, 4, () => attacker.post('/channels/unread/messages', messages))
      await unread(attacker, 'GET /channels/unread/messages?limit=1000', 400)
    },
  },
  {
    name: 'edits',
    who: 'key holder',
    summary: 'changes and appends to messages of 30 KB, 16 at a time, while somebody reads',
    pull: async (attacker) => {
      const path = '/channels/edited:x/messages'
      const made = await attacker.post(path, { data: LARGE.slice(0, 30_000) })
      const [serial] = (JSON.parse(made.text) as { serials: string[] }).serials
      const [reader] = await connect(attacker, 1)
      await reader!.attach('edited:x', { params: { rewind: '1' } })
      const one = `${path}/${encodeURIComponent(serial!)}`
      await attacker.repeat(16, (turn) => {
        const body = JSON.stringify({
          action: turn % 2 === 0 ? 1 : 5,
          data: `${turn} ${LARGE.slice(0, 20_000)}`,
        })
        return attacker.ask(one, { method: 'PATCH', body, authorization: attacker.authorization })
      })
    },
  },
  {
    name: 'versions',
    who: 'key holder',
    summary: 'a message that is changed a thousand times, and all its versions, again and again',
    pull: async (attacker) => {
      const path = '/channels/edited:v/messages'
      const made = await attacker.post(path, { data: 'x' })
      const [serial] = (JSON.parse(made.text) as { serials: string[] }).serials
      const one = `${path}/${encodeURIComponent(serial!)}`
      const { authorization } = attacker
      await attacker.times(1000, 16, (turn) =>
        attacker.ask(one, {
          method: 'PATCH',
          body: JSON.stringify({ action: 1, data: `${turn} ${LARGE.slice(0, 5000)}` }),
          authorization,
        }),
      )
      await attacker.repeat(16, () => attacker.askAsHolder(`${one}/versions?limit=1000`))
    },
  },
  {
    name: 'chat',
    who: 'key holder',
    summary: 'messages of a chat room and reactions to one, 32 at a time',
    pull: async (attacker) => {
      const path = '/chat/v4/rooms/room/messages'
      const headers = { 'x-ably-clientid': btoa('somebody') }
      const { authorization } = attacker
      const say = (text: string) =>
        attacker.ask(path, { body: JSON.stringify({ text }), authorization, headers })
      const made = await say('hello')
      const { serial } = JSON.parse(made.text) as { serial: string }
      await attacker.repeat(32, (turn) =>
        turn % 2 === 0
          ? say('x'.repeat(2000))
          : attacker.ask(`${path}/${encodeURIComponent(serial)}/reactions`, {
              body: JSON.stringify({ type: 'multiple', name: `r${turn}`, count: 1 }),
              authorization,
              headers: { 'x-ably-clientid': btoa(`c${turn}`) },
            }),
      )
    },
  },
  {
    name: 'streams',
    who: 'key holder',
    summary: '200 streams of server-sent events that wind back 7 MB each and read nothing',
    pull: async (attacker) => {
      await fill(attacker, 'streamed', 115)
      await unread(attacker, 'GET /sse?v=2&channels=streamed&rewind=2m', 200)
    },
  },
  {
    name: 'comet-waiting',
    who: 'key holder',
    summary:
      '1,000 connections without a socket that wait, of which each listens to a busy channel',
    pull: async (attacker) => {
      const query = `v=6&key=${encodeURIComponent(attacker.target.key)}&stream=false&format=json`
      await attacker.times(1000, 64, async () => {
        const { text } = await attacker.ask(`/comet/connect?${query}`)
        const key = /"connectionKey":"([^"]+)"/.exec(text)?.[1]
        if (key === undefined) return
        const path = `/comet/${encodeURIComponent(key)}`
        await attacker.ask(`${path}/send`, { body: '[{"action":10,"channel":"waiting"}]' })
        const link = await attacker.rawAsk(`GET ${path}/recv`, {})
        void link.ended.then(() => attacker.count('closed'))
      })
      await attacker.repeat(4, () => attacker.post('/channels/waiting/messages', { data: LARGE }))
    },
  },
]

/** Publishes so many messages of 60 KB. */
export async function fill(attacker: Attacker, channel: string, count: number): Promise<void> {
  await attacker.times(count, 4, () =>
    attacker.post(`/channels/${channel}/messages`, { data: LARGE }),
  )
}

/** Asks over connections that read nothing, and holds them. */
export async function unread(attacker: Attacker, line: string, count: number): Promise<void> {
  await attacker.times(count, 16, async () => {
    const link = await attacker.rawAsk(line, { authorization: attacker.authorization })
    link.pause()
    attacker.count('asked')
  })
}
