/** Frames of the realtime protocol that hold much, hold nothing, or make no sense. */
import { Packr } from 'msgpackr'
import { AblySocket } from '../ably-socket.ts'
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import { connect, names } from './channels.ts'

const CONNECTIONS = 10
const EVERY_MS = 20
const packr = new Packr({ useRecords: false })

type Send = (connection: AblySocket, turn: number) => void

export const frameLevers: readonly Lever[] = [
  {
    name: 'frames-of-many-messages',
    who: 'key holder',
    summary: 'frames with 2,000 small messages each, to somebody who listens',
    pull: (attacker) => {
      const messages = Array.from({ length: 2000 }, () => ({ data: 'x' }))
      return send(attacker, (connection) =>
        connection.sendNumbered({ action: AblySocket.MESSAGE, channel: 'frames', messages }),
      )
    },
  },
  {
    name: 'frames-of-many-members',
    who: 'key holder',
    summary: 'frames in which 500 members enter, and others in which they leave',
    pull: (attacker) =>
      send(attacker, (connection, turn) => {
        const action = turn % 2 === 0 ? 2 : 3
        const presence = names(`m${turn % CONNECTIONS}`, 500).map((clientId) => ({
          action,
          clientId,
        }))
        connection.sendNumbered({ action: AblySocket.PRESENCE, channel: 'frames', presence })
      }),
  },
  {
    name: 'frames-of-many-annotations',
    who: 'key holder',
    summary: 'frames with 100 annotations of one message',
    pull: async (attacker) => {
      const { text } = await attacker.post('/channels/edited:frames/messages', { data: 'x' })
      const [messageSerial] = (JSON.parse(text) as { serials: string[] }).serials
      await send(
        attacker,
        (connection, turn) => {
          const annotations = names(`n${turn}`, 100).map((name) => ({
            action: 0,
            type: 'r:distinct.v1',
            name,
            clientId: name,
            messageSerial,
          }))
          connection.sendNumbered({
            action: AblySocket.ANNOTATION,
            channel: 'edited:frames',
            annotations,
          })
        },
        'edited:frames',
      )
    },
  },
  {
    name: 'frames-of-nonsense',
    who: 'key holder',
    summary: 'frames of no kind, of no channel, of nothing but brackets, and of half a megabyte',
    pull: (attacker) => {
      const nonsense = [
        '{}',
        '{"action":99}',
        '{"action":15}',
        '[]',
        '{"action":"15","channel":[]}',
        '{"action":10,"channel":"[?x"}',
        `{"action":15,"channel":"frames","messages":${'['.repeat(60)}${']'.repeat(60)}}`,
        JSON.stringify({ action: 17, auth: { accessToken: 'x'.repeat(60_000) } }),
      ]
      return attacker.repeat(CONNECTIONS, async (turn) => {
        const { socket } = await attacker.ably()
        for (let i = 0; i < 100 && socket.readyState === WebSocket.OPEN && !attacker.isOver; i++) {
          socket.send(nonsense[(turn + i) % nonsense.length]!)
          if (i % 10 === 0) await Bun.sleep(1)
        }
        socket.close()
      })
    },
  },
  {
    name: 'frames-of-holes',
    who: 'key holder',
    summary: 'MessagePack that promises four thousand million members, or is nested in itself',
    pull: (attacker) => {
      const map = Buffer.from(packr.pack({ action: 15, channel: 'x' }))
      const holes = [
        Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
        Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]),
        Buffer.from([0xdb, 0x7f, 0xff, 0xff, 0xff]),
        Buffer.alloc(60_000, 0x91),
        Buffer.alloc(60_000, 0x81),
        Buffer.concat([
          Buffer.from([0x83]),
          map.subarray(1),
          Buffer.from([0xa8]),
          Buffer.from('messages'),
          Buffer.from([0xdd, 0x00, 0xff, 0xff, 0xff]),
        ]),
      ]
      return attacker.repeat(CONNECTIONS, async (turn) => {
        const key = encodeURIComponent(attacker.target.key)
        const socket = await attacker.socket(`/?v=6&format=msgpack&key=${key}`)
        for (let i = 0; i < 20 && socket.readyState === WebSocket.OPEN; i++)
          socket.send(holes[(turn + i) % holes.length]!)
        await Bun.sleep(EVERY_MS)
        socket.close()
      })
    },
  },
  {
    name: 'connections-of-others-again',
    who: 'key holder',
    summary: 'connections that want to go on with what is not theirs',
    pull: (attacker) =>
      attacker.repeat(CONNECTIONS, async (turn) => {
        const resume = turn % 2 === 0 ? 'resume' : 'recover'
        const connection = await attacker.ably({ [resume]: `nobody!${'x'.repeat(1000)}` })
        const channelSerial = `${'9'.repeat(14)}-000@nobody:${'0'.repeat(1000)}`
        await connection.attach('frames', { channelSerial })
        connection.close()
      }),
  },
  {
    name: 'lists-of-members-again',
    who: 'key holder',
    summary: 'asks for all 500 members of a channel a hundred times a second, ten times over',
    pull: async (attacker) => {
      const [host] = await connect(attacker, 1)
      await host!.attach('frames')
      const presence = names('m', 500).map((clientId) => ({ action: 2, clientId }))
      host!.sendNumbered({ action: AblySocket.PRESENCE, channel: 'frames', presence })
      await send(attacker, (connection) =>
        connection.send({ action: AblySocket.SYNC, channel: 'frames' }),
      )
    },
  },
]

/** Over ten connections that are attached to a channel, each every 20 ms, until it is over. */
async function send(attacker: Attacker, act: Send, channel = 'frames'): Promise<void> {
  const connections = await connect(attacker, CONNECTIONS)
  for (const connection of connections) await connection.attach(channel)
  await attacker.repeat(connections.length, async (turn) => {
    const connection = connections[turn % connections.length]!
    if (connection.socket.readyState === WebSocket.OPEN) {
      act(connection, turn)
      attacker.count('sent')
    }
    await Bun.sleep(EVERY_MS)
  })
  for (const { seen } of connections)
    for (const action of [AblySocket.ACK, AblySocket.NACK])
      attacker.count(action === AblySocket.ACK ? 'ACK' : 'NACK', seen.get(action) ?? 0)
}
