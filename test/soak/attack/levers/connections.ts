/** Connections: many, half, idle, greedy, and such as read nothing. */
import { handshake } from '../../../support/raw-socket.ts'
import { rawFrame } from '../../../support/raw-frame.ts'
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import type { RawLink } from '../raw-link.ts'

const TEXT = 1

export const connectionLevers: readonly Lever[] = [
  {
    name: 'join-flood',
    who: 'stranger',
    summary: 'connects as often as it can, and stays where it is let in',
    pull: (attacker) => attacker.repeat(64, () => join(attacker, 'flood')),
  },
  {
    name: 'silent-connections',
    who: 'stranger',
    summary: '5,000 connections that never ask for anything, or stop within the head',
    pull: (attacker) =>
      attacker.times(5000, 64, async (turn) => {
        const link = await attacker.raw()
        if (turn % 2 === 0) link.write('GET /c/room HTTP/1.1\r\nHost: 127.0.0.1\r\nX-')
        attacker.count('open')
        void link.ended.then(() => attacker.count('closed'))
      }),
  },
  {
    name: 'come-and-go',
    who: 'stranger',
    summary: 'joins a channel of 200 and leaves it, again and again',
    pull: async (attacker) => {
      await attacker.times(200, 32, () => join(attacker, 'busy?announce=true'))
      await attacker.repeat(32, async () => (await join(attacker, 'busy?announce=true')).end())
    },
  },
  {
    name: 'lists-of-members',
    who: 'stranger',
    summary: 'members with long names on one channel, of whom each new one is given all',
    pull: (attacker) =>
      attacker.repeat(32, (turn) =>
        join(attacker, `crowd?list=true&announce=true&as=${String(turn).padEnd(128, 'x')}`),
      ),
  },
  {
    name: 'a-channel-each',
    who: 'stranger',
    summary: 'each of its connections on a channel that nobody had',
    pull: (attacker) => attacker.repeat(64, (turn) => join(attacker, `own-${turn}`)),
  },
  {
    name: 'reads-nothing',
    who: 'stranger',
    summary: '200 members who read nothing, on a channel that is flooded with 50 KB at a time',
    pull: async (attacker) => {
      await attacker.times(200, 32, async () => (await join(attacker, 'stalled')).pause())
      const speaker = await join(attacker, 'stalled')
      const frame = rawFrame({ opcode: TEXT, payload: JSON.stringify('x'.repeat(50_000)) })
      await paced(attacker, () => speaker.write(frame))
    },
  },
  {
    name: 'crowd-that-talks',
    who: 'stranger',
    summary: '300 members of one channel who all talk as much as they may',
    pull: async (attacker) => {
      const links: RawLink[] = []
      await attacker.times(300, 32, async () => void links.push(await join(attacker, 'talk')))
      const frame = rawFrame({ opcode: TEXT, payload: '"hello"' })
      await paced(attacker, () => {
        for (const link of links) if (!link.isClosed) link.write(frame)
      })
      for (const { received } of links) attacker.count('bytes heard', received)
    },
  },
  {
    name: 'direct-messages',
    who: 'stranger',
    summary: 'messages to one member or to nobody, from 20 connections as often as they may',
    pull: async (attacker) => {
      const links: RawLink[] = []
      await attacker.times(20, 20, async () => void links.push(await join(attacker, 'direct')))
      const frames = [
        '\u{1F}nobody\u{1F}"x"',
        '\u{1F}\u{1F}',
        '@@nobody@@"x"',
        '{'.repeat(9000),
      ].map((payload) => rawFrame({ opcode: TEXT, payload }))
      await paced(attacker, () => {
        for (const link of links) for (const frame of frames) link.write(frame)
      })
    },
  },
]

/** A member without a WebSocket library, so that the attacker has time for more. @param path after `/c/` */
async function join(attacker: Attacker, path: string): Promise<RawLink> {
  const link = await attacker.raw()
  link.write(handshake(`/c/${path}`, attacker.headers()))
  while (link.received === 0 && !link.isClosed && !attacker.isOver) await Bun.sleep(1)
  attacker.count(link.start.slice(9, 12) || 'no answer')
  return link
}

/** Ten times in a few milliseconds, until it is over. */
async function paced(attacker: Attacker, act: () => void): Promise<void> {
  while (!attacker.isOver) {
    for (let i = 0; i < 10; i++) act()
    await Bun.sleep(4)
  }
}
