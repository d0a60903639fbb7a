/** A sandbox, where strangers make apps. */
import type { Attacker } from '../attacker.ts'
import { basic } from '../attacker.ts'
import type { Lever } from '../lever.ts'
import { sandboxApp } from '../sandbox-app.ts'
import { names } from './channels.ts'

const flags = ['--sandbox']

export const sandboxLevers: readonly Lever[] = [
  {
    name: 'sandbox-apps',
    who: 'stranger',
    summary: 'apps with all that one may ask for, 16 at a time',
    flags,
    pull: (attacker) => {
      const wish = {
        keys: Array.from({ length: 100 }, () => ({ capability: '{"*":["*"]}' })),
        namespaces: names('rule', 100).map((id) => ({ id, persisted: true })),
        channels: names('kept', 20).map((name) => ({
          name,
          presence: names('member', 50).map((clientId) => ({ clientId, data: 'x' })),
        })),
      }
      return attacker.repeat(16, () => attacker.ask('/apps', { body: JSON.stringify(wish) }))
    },
  },
  {
    name: 'sandbox-channels',
    who: 'stranger',
    summary: 'takes every channel of a server that has 2,000, with an app for each hundred',
    flags: [...flags, '--max-channels', '2000'],
    pull: (attacker) =>
      attacker.repeat(8, async (turn) => {
        const key = await oneKey(attacker)
        await attacker.post(
          '/messages',
          { channels: names(`s${turn}`, 100), messages: { data: 'x' } },
          basic(key),
        )
      }),
  },
  {
    name: 'sandbox-memory',
    who: 'stranger',
    summary: 'publishes 1.8 MB at a time in apps of its own, so that nobody else is remembered',
    flags,
    pull: (attacker) =>
      attacker.repeat(8, async () => {
        const key = await oneKey(attacker)
        for (let i = 0; i < 10 && !attacker.isOver; i++)
          await attacker.post(
            '/messages',
            { channels: names(`m${i}`, 30), messages: { data: 'x'.repeat(60_000) } },
            basic(key),
          )
      }),
  },
]

async function oneKey(attacker: Attacker): Promise<string> {
  const [key] = await sandboxApp(attacker, {})
  return key!
}
