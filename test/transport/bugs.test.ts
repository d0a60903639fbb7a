/** What runs into a bug is answered all the same, and the next request as ever. */
import { expect, test } from 'bun:test'
import type { Endpoint } from '../../src/protocol/protocol.ts'
import { startFront } from '../support/front.ts'

const BUGGY: Endpoint = {
  name: 'buggy',
  owns: () => true,
  serve: ({ path }) => {
    if (path === '/throws') throw new Error('of the first kind')
    return path === '/rejects'
      ? Promise.reject(new Error('of the second kind'))
      : new Response('fine')
  },
}

test('a bug is logged, and the client gets no detail', async () => {
  const bugs: string[] = []
  const listeners = startFront(BUGGY, (error) => bugs.push((error as Error).message))
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
