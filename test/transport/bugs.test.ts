/** What runs into a bug is answered all the same, and the next request as ever. */
import { expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import type { HttpProtocol } from '../../src/protocol/protocol.ts'
import { Admission } from '../../src/transport/admission.ts'
import { Front } from '../../src/transport/front.ts'
import { listen } from '../../src/transport/listen.ts'
import { testConfig } from '../support/server.ts'

const BUGGY: HttpProtocol = {
  name: 'buggy',
  owns: () => true,
  serve: ({ path }) => {
    if (path === '/throws') throw new Error('of the first kind')
    return path === '/rejects'
      ? Promise.reject(new Error('of the second kind'))
      : new Response('fine')
  },
}

test('a bug is told to whoever runs the server, and nothing of it to the client', async () => {
  const bugs: string[] = []
  const rate = { perSecond: 0, burst: 1 }
  const front = new Front({
    protocols: [BUGGY],
    admission: new Admission(
      {
        maxConnections: 0,
        maxAddressConnections: 0,
        connections: rate,
        pushes: rate,
        banSeconds: 0,
      },
      systemClock,
    ),
    basePath: '',
    trustedProxies: [],
    allowedOrigins: ['*'],
    http: () => new Response(),
    isDraining: () => false,
    onRefusal: () => {},
    onBug: (error) => bugs.push((error as Error).message),
  })
  const listeners = listen({
    config: testConfig({}),
    folder: undefined,
    front,
    sockets: { message: () => {} },
    metrics: undefined,
    control: () => new Response(),
  })
  try {
    for (const path of ['throws', 'rejects']) {
      const answer = await fetch(`${listeners.url}/${path}`)
      expect([answer.status, answer.headers.get('server')]).toEqual([500, 'latchkey'])
      expect(await answer.text()).not.toContain('kind')
    }
    expect(await (await fetch(listeners.url)).text()).toBe('fine')
    expect(bugs).toEqual(['of the first kind', 'of the second kind'])
  } finally {
    await listeners.stop()
  }
})
