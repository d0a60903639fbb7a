/** Channels: their number, their lists, and coming to them. */
import { AblySocket } from '../ably-socket.ts'
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'

export const channelLevers: readonly Lever[] = [
  {
    name: 'channels-by-batch',
    who: 'key holder',
    summary: 'publishes of which each goes to 100 channels that nobody had',
    pull: (attacker) =>
      attacker.repeat(8, (turn) =>
        attacker.post('/messages', { channels: names(`b${turn}`, 100), messages: { data: 'x' } }),
      ),
  },
  {
    name: 'channels-by-reading',
    who: 'key holder',
    summary: 'asks for channels that nobody has, their messages and their members',
    pull: (attacker) =>
      attacker.repeat(32, (turn) => {
        const part = ['', '/messages', '/presence', '/presence/history'][turn % 4]!
        return attacker.askAsHolder(`/channels/read-${turn}${part}`)
      }),
  },
  {
    name: 'channels-by-attaching',
    who: 'key holder',
    summary: 'connections that attach to 1,000 channels of their own each',
    pull: (attacker) =>
      attacker.repeat(8, async (turn) => {
        const connection = await attacker.ably()
        connection.onFrame = ({ action }) => {
          attacker.count(`action ${action}`)
          return false
        }
        for (const channel of names(`a${turn}`, 1000))
          connection.send({ action: AblySocket.ATTACH, channel })
        await connection.attach(`a${turn}-last`)
      }),
  },
  {
    name: 'lists-of-channels',
    who: 'key holder',
    summary: 'lists of all channels, of which there are 5,000',
    pull: async (attacker) => {
      await attacker.times(50, 8, (turn) =>
        attacker.post('/messages', { channels: names(`l${turn}`, 100), messages: { data: 'x' } }),
      )
      const queries = ['limit=1000', 'limit=1000&by=value', 'prefix=l49-9&limit=1', 'prefix=nobody']
      await attacker.repeat(16, (turn) =>
        attacker.askAsHolder(`/channels?${queries[turn % queries.length]}`),
      )
    },
  },
  {
    name: 'attach-and-detach',
    who: 'key holder',
    summary: '10 connections that come to 50 channels and go, each hearing how many are there',
    pull: async (attacker) => {
      const connections = await connect(attacker, 10)
      await attacker.repeat(10, async (turn) => {
        const connection = connections[turn % 10]!
        for (const channel of names('door', 50)) {
          connection.send({ action: AblySocket.ATTACH, channel, params: { occupancy: 'metrics' } })
          connection.send({ action: AblySocket.DETACH, channel })
        }
        attacker.count('round')
        await Bun.sleep(20)
      })
    },
  },
  {
    name: 'filters',
    who: 'key holder',
    summary: '900 filters on one channel, and messages of 30,000 numbers',
    pull: async (attacker) => {
      const channel = 'filtered'
      await attacker.times(9, 9, async (turn) => {
        const connection = await attacker.ably()
        for (let i = 0; i < 100; i++) {
          const expression = btoa(`length(data.numbers[?@ > \`${turn * 100 + i}\`]) > \`100000\``)
          connection.send({
            action: AblySocket.ATTACH,
            channel: `[filter=${expression}]${channel}`,
          })
        }
        await connection.attach(channel)
      })
      const numbers = Array.from({ length: 30_000 }, (_, i) => i % 10)
      await attacker.repeat(2, () =>
        attacker.post(`/channels/${channel}/messages`, { data: { numbers }, name: 'x' }),
      )
    },
  },
  {
    name: 'filters-that-go-back',
    who: 'key holder',
    summary: '100 filters that sort, join and map what a message has, and messages of 60 KB',
    pull: async (attacker) => {
      const channel = 'sorted'
      const connection = await attacker.ably()
      for (let i = 0; i < 100; i++) {
        const expression = btoa(
          `join(',', sort(map(&to_string(@), data.words))) == '${i}' || length(data.words[].length(@)) > \`9\` && max_by(data.words, &length(@)) == 'x'`,
        )
        connection.send({ action: AblySocket.ATTACH, channel: `[filter=${expression}]${channel}` })
      }
      await connection.attach(channel)
      const words = Array.from({ length: 8000 }, (_, i) => `w${i % 97}`)
      await attacker.repeat(2, () =>
        attacker.post(`/channels/${channel}/messages`, { data: { words } }),
      )
    },
  },
]

export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
}

export async function connect(attacker: Attacker, count: number): Promise<AblySocket[]> {
  const connections: AblySocket[] = []
  await attacker.times(count, 16, async () => void connections.push(await attacker.ably()))
  if (connections.length < count) attacker.count('not connected', count - connections.length)
  return connections
}
