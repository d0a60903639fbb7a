/**
 * Names that others have written down stay: in scripts, in alerts, in queries, in bookmarks. Whatever replaces one, the
 * old one has to work beside it. The lists in `names/` were read from the program itself; to add what is new, run
 * `bun test/public-names/add-names.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../support/server.ts'
import { KINDS, present, promised } from './collect.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true' })
})
afterAll(() => server.end())

test.each(KINDS.map((kind) => [kind] as const))('no name is gone: %s', async (kind) => {
  const names = await present(kind, server)
  expect(promised(kind).filter((name) => !names.has(name))).toEqual([])
})
