/** What all apps share: memory, disk, room for connections. */
import type { Lever } from '../lever.ts'
import { names } from './channels.ts'

const LARGE = 'x'.repeat(60_000)
const BATCH = 30

export const shareLevers: readonly Lever[] = [
  {
    name: 'memory-of-others',
    who: 'key holder',
    summary: 'publishes 1.8 MB at a time, so that what others are remembered by has no room left',
    pull: (attacker) =>
      attacker.repeat(8, (turn) =>
        attacker.post('/messages', {
          channels: names(`m${turn % 20}`, BATCH),
          messages: { data: LARGE },
        }),
      ),
  },
  {
    name: 'disk-of-others',
    who: 'key holder',
    summary: 'publishes 1.8 MB at a time to be kept, so that what others keep has no room left',
    flags: ['--history-disk-mb', '32'],
    pull: (attacker) =>
      attacker.repeat(8, (turn) =>
        attacker.post('/messages', {
          channels: names(`kept:m${turn % 20}`, BATCH),
          messages: { data: LARGE },
        }),
      ),
  },
  {
    name: 'channels-of-others',
    who: 'key holder',
    summary: 'takes every channel of a server that has 2,000',
    flags: ['--max-channels', '2000'],
    pull: (attacker) =>
      attacker.repeat(8, (turn) =>
        attacker.post('/messages', { channels: names(`c${turn}`, 100), messages: { data: 'x' } }),
      ),
  },
  {
    name: 'connections-of-others',
    who: 'key holder',
    summary: 'takes every connection of a server that has 300',
    flags: ['--max-connections', '300'],
    pull: (attacker) => attacker.times(400, 32, () => attacker.ably()),
  },
  {
    name: 'open-channels-of-others',
    who: 'stranger',
    summary: 'takes every open channel of a server that has 200, without an account',
    flags: ['--max-channels', '200'],
    pull: (attacker) => attacker.times(390, 32, (turn) => attacker.itty(`open-${turn}`)),
  },
]
