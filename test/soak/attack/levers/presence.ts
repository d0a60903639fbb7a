/** Members: large ones, all at once, and coming and going. */
import { AblySocket } from '../ably-socket.ts'
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import { connect } from './channels.ts'
import { unread } from './messages.ts'

const ENTER = 2
const LEAVE = 3
const PRESENCE_MODE = 1 << 16
/** Less than a reader may be behind. */
const BYTES_AT_ONCE = 250_000

export const presenceLevers: readonly Lever[] = [
  {
    name: 'members-by-many-names',
    who: 'key holder',
    summary: 'asks in one request for 950 large members, under 50 names of their channel',
    pull: async (attacker) => {
      await enter(attacker, 'aliased', 950, 5000)
      const aliases = Array.from({ length: 50 }, (_, i) => `[?x=${i}]aliased`)
      const query = `channels=${encodeURIComponent(aliases.join())}`
      await attacker.repeat(2, () => attacker.askAsHolder(`/presence?${query}`))
    },
  },
  {
    name: 'members-nobody-reads',
    who: 'key holder',
    summary: 'asks 40 times for 950 members of 50 KB and reads nothing',
    pull: async (attacker) => {
      await enter(attacker, 'unread', 950, 50_000)
      await unread(attacker, 'GET /channels/unread/presence?limit=1000', 40)
      await unread(attacker, 'GET /channels/unread/presence/history?limit=1000', 40)
    },
  },
  {
    name: 'members-to-everybody',
    who: 'key holder',
    summary: 'connections that attach where 950 members of 20 KB are, and are told of all of them',
    pull: async (attacker) => {
      await enter(attacker, 'synced', 950, 20_000)
      const readers = await connect(attacker, 50)
      await attacker.repeat(50, async (turn) => {
        const reader = readers[turn % readers.length]!
        await reader.attach('synced')
        attacker.count('attached')
        reader.send({ action: AblySocket.DETACH, channel: 'synced' })
        await Bun.sleep(20)
      })
    },
  },
  {
    name: 'members-in-memory',
    who: 'key holder',
    summary: 'members of 60 KB on as many channels as it takes',
    pull: async (attacker) => {
      for (let channel = 0; !attacker.isOver && channel < 40; channel++)
        await enter(attacker, `heavy-${channel}`, 900, 60_000)
    },
  },
  {
    name: 'presence-churn',
    who: 'key holder',
    summary: '20 connections whose members enter and leave a channel of 500, as often as they may',
    pull: async (attacker) => {
      await enter(attacker, 'churn', 500, 10)
      const connections = await connect(attacker, 20)
      for (const connection of connections) await connection.attach('churn')
      await attacker.repeat(20, async (turn) => {
        for (let i = 0; i < 20; i++) {
          const presence = [{ action: i % 2 === 0 ? ENTER : LEAVE, clientId: `m${turn % 20}` }]
          connections[turn % 20]!.sendNumbered({
            action: AblySocket.PRESENCE,
            channel: 'churn',
            presence,
          })
        }
        attacker.count('round')
        await Bun.sleep(20)
      })
      for (const { seen } of connections) attacker.count('NACK', seen.get(AblySocket.NACK) ?? 0)
    },
  },
  {
    name: 'members-who-vanish',
    who: 'key holder',
    summary: 'connections with 500 members that end without a word, again and again',
    pull: (attacker) =>
      attacker.repeat(4, async (turn) => {
        const connection = await attacker.ably({ remainPresentFor: '0' })
        await connection.attach('vanishing')
        enterAll(connection, 'vanishing', membersNamed(`v${turn}`, 500, 'x'))
        await Bun.sleep(100)
        connection.close()
      }),
  },
]

/** Members of so many bytes each, on one connection that stays; a few at a time, for their echo is to be read too. */
async function enter(
  attacker: Attacker,
  channel: string,
  count: number,
  bytes: number,
): Promise<void> {
  const connection = await attacker.ably()
  await connection.attach(channel, { flags: PRESENCE_MODE })
  const data = 'x'.repeat(bytes)
  const atOnce = Math.min(10, Math.ceil(BYTES_AT_ONCE / bytes))
  for (let i = 0; i < count && !attacker.isOver; i += atOnce) {
    const now = Math.min(atOnce, count - i)
    const { action } = await connection.answerTo(
      enterAll(connection, channel, membersNamed(`m${i}`, now, data)),
    )
    attacker.count(action === AblySocket.ACK ? 'entered' : 'NACK', now)
  }
}

/** @returns the number of the last frame */
function enterAll(connection: AblySocket, channel: string, members: readonly object[]): number {
  let last = 0
  for (const member of members)
    last = connection.sendNumbered({ action: AblySocket.PRESENCE, channel, presence: [member] })
  return last
}

function membersNamed(name: string, count: number, data: string): object[] {
  return Array.from({ length: count }, (_, i) => ({
    action: ENTER,
    clientId: `${name}-${i}`,
    data,
  }))
}
