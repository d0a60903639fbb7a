/** Other requests of somebody with a key. */
import type { Lever } from '../lever.ts'
import { names } from './channels.ts'

export const requestLevers: readonly Lever[] = [
  {
    name: 'statistics',
    who: 'key holder',
    summary: 'statistics of a thousand minutes, hours, days and months, 16 at a time',
    pull: (attacker) => {
      const units = ['minute', 'hour', 'day', 'month']
      return attacker.repeat(16, (turn) =>
        attacker.askAsHolder(`/stats?unit=${units[turn % 4]}&limit=1000&start=1&end=${Date.now()}`),
      )
    },
  },
  {
    name: 'devices',
    who: 'key holder',
    summary:
      'registers devices for push notifications and subscribes them, as many as there may be',
    pull: (attacker) =>
      attacker.repeat(16, async (turn) => {
        const id = `device-${turn}`
        await attacker.post('/push/deviceRegistrations', {
          id,
          platform: 'browser',
          formFactor: 'other',
          metadata: { note: 'x'.repeat(3000) },
          push: {
            recipient: {
              transportType: 'ablyChannel',
              channel: 'out',
              ablyKey: attacker.target.key,
            },
          },
        })
        await attacker.post('/push/channelSubscriptions', { deviceId: id, channel: 'pushed:x' })
      }),
  },
  {
    name: 'notifications',
    who: 'key holder',
    summary: 'messages with a notification for 500 devices, each of which publishes on a channel',
    pull: async (attacker) => {
      await attacker.times(500, 16, async (turn) => {
        const recipient = {
          transportType: 'ablyChannel',
          channel: `out-${turn}`,
          ablyKey: attacker.target.key,
        }
        const device = {
          id: `d-${turn}`,
          platform: 'browser',
          formFactor: 'other',
          push: { recipient },
        }
        await attacker.post('/push/deviceRegistrations', device)
        await attacker.post('/push/channelSubscriptions', {
          deviceId: device.id,
          channel: 'pushed:x',
        })
      })
      const push = { notification: { title: 'x', body: 'y'.repeat(1000) } }
      await attacker.repeat(8, () =>
        attacker.post('/channels/pushed:x/messages', { data: 'x', extras: { push } }),
      )
    },
  },
  {
    name: 'members-of-many',
    who: 'key holder',
    summary: 'who is present on a hundred channels',
    pull: (attacker) => {
      const query = `channels=${names('p', 100).join()}`
      return attacker.repeat(16, () => attacker.askAsHolder(`/presence?${query}`))
    },
  },
  {
    name: 'same-ids',
    who: 'key holder',
    summary: 'messages with ids of their own, which are to be remembered',
    pull: (attacker) =>
      attacker.repeat(16, (turn) =>
        attacker.post(
          '/channels/ids/messages',
          Array.from({ length: 100 }, (_, i) => ({ id: `${turn}:${i}`, data: 'x' })),
        ),
      ),
  },
]
