/** Paths that are made to cost much are turned away by their length, before anything looks for a page. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MAX_PATH_LETTERS } from '../../src/protocol/protocol.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.end())

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers, redirect: 'manual' })

const MAKINGS = ['/', '//a', '/%2f', '/:x', 'x'] as const

describe.each(['/dashboard', '/v1', '/api/v1', '/docs', '/errors', '/nowhere'])(
  'below %s',
  (root) => {
    test.each(MAKINGS)('a path of many %s is too long', async (making) => {
      const path = `${root}/x${making.repeat(12_000)}`.slice(0, 12_000)
      const answer = await ask(`${path}a`)
      expect(answer.status).toBe(414)
      expect(await answer.text()).toContain('the path is too long')
    })

    test('a path of the maximal length is looked up', async () => {
      const path = `${root}/${'a/'.repeat(MAX_PATH_LETTERS)}`.slice(0, MAX_PATH_LETTERS)
      expect([303, 401, 404]).toContain((await ask(path)).status)
    })
  },
)

test('errors of the API and of pages have their own form', async () => {
  const long = 'x'.repeat(MAX_PATH_LETTERS)
  const answer = await ask(`/v1/${long}`)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(await answer.json()).toMatchObject({ reason: 'path_too_long', statusCode: 414 })
  expect(await (await ask(`/dashboard/${long}`)).text()).toBe('the path is too long\n')
})

test.each([
  ['/channels/', 'x', 401],
  ['/channels/', '/x', 404],
])('channels have limits of their own: %s with many %p', async (root, making, status) => {
  expect((await ask(root + making.repeat(6000))).status).toBe(status)
})
