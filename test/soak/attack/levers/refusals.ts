/** What is refused, on every surface and as often as it can be asked. */
import { handshake } from '../../../support/raw-socket.ts'
import { type AskOptions, basic, bearer } from '../attacker.ts'
import type { Lever } from '../lever.ts'

const AT_ONCE = 32
const WRONG_KEY = 'nobody.nothing:nowhere'
const BODY = JSON.stringify({ data: 'x' })

/** Requests that nobody may make, by the surface that refuses them. */
const REFUSED: Readonly<Record<string, readonly (AskOptions & { readonly path: string })[]>> = {
  rest: [
    { path: '/channels/x/messages' },
    { path: '/channels/x/messages', body: BODY },
    { path: '/channels/x', authorization: basic(WRONG_KEY) },
    { path: '/messages', body: '[]', authorization: bearer('nobody.nothing') },
    { path: '/stats', authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA' },
  ],
  tokens: [
    { path: '/keys/nobody.nothing/requestToken', body: '{}' },
    { path: '/keys/nobody.nothing/requestToken', body: '{"keyName":"a.b","mac":"x","nonce":"y"}' },
    { path: '/keys/nobody.nothing/revokeTokens', body: '{"targets":["clientId:x"]}' },
  ],
  push: [
    { path: '/push/somewhere', body: BODY },
    { path: '/push/somewhere', body: BODY, headers: { 'x-send-key': 'wrong' } },
    { path: '/push/deviceRegistrations', body: '{}', headers: { 'x-ably-devicetoken': 'x' } },
  ],
  streams: [
    { path: '/sse?v=2&channels=x' },
    { path: `/event-stream?channels=x&key=${WRONG_KEY}` },
    { path: `/comet/connect?v=6&key=${WRONG_KEY}` },
    { path: '/comet/nobody!x/recv' },
    { path: '/comet/nobody!x/send', body: '[]' },
  ],
  api: [
    { path: '/v1/apps' },
    { path: '/v1/apps', authorization: 'Bearer wrong' },
    { path: '/v1/nothing', body: '{}' },
    { path: '/v1/accounts', body: '{}', authorization: 'Bearer wrong' },
  ],
  dashboard: [
    { path: '/dashboard/apps' },
    { path: '/dashboard/nothing', headers: { cookie: 'latchkey_session=wrong' } },
    { path: '/dashboard/apps', body: 'name=x' },
    { path: '/dashboard/claim?token=wrong' },
    { path: '/dashboard/invite?token=wrong' },
  ],
  elsewhere: [
    { path: '/nothing' },
    { path: '/docs/nothing' },
    { path: '/errors/nothing' },
    { path: '/apps', body: '{}' },
    { path: '/c/x' },
    { path: '/health', method: 'DELETE' },
  ],
}

/** Upgrades that are refused. */
const CLOSED_DOORS = [
  `/c/${'x'.repeat(300)}`,
  '/c/%ff',
  '/c/x?as=',
  `/?v=6&key=${WRONG_KEY}`,
  '/?v=6&accessToken=wrong',
  '/?v=999&key=a.b:c',
  '/nowhere',
]

export const refusalLevers: readonly Lever[] = [
  ...Object.entries(REFUSED).map(([surface, requests]): Lever => ({
    name: `refused-${surface}`,
    who: 'stranger',
    summary: `what is refused to strangers: ${surface}`,
    pull: (attacker) =>
      attacker.repeat(AT_ONCE, (turn) => {
        const { path, ...options } = requests[turn % requests.length]!
        return attacker.ask(path, options)
      }),
  })),
  {
    name: 'refused-sockets',
    who: 'stranger',
    summary: 'upgrades that are refused, for every reason there is',
    pull: (attacker) =>
      attacker.repeat(AT_ONCE, async (turn) => {
        const link = await attacker.raw()
        link.write(handshake(CLOSED_DOORS[turn % CLOSED_DOORS.length]!, attacker.headers()))
        while (link.received === 0 && !link.isClosed && !attacker.isOver) await Bun.sleep(1)
        attacker.count(link.start.slice(9, 12) || 'no answer')
        link.end()
      }),
  },
]
