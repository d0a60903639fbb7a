/** The audit trail over the API and on the command line. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { runJson } from '../cli/process.ts'
import { latchkey } from '../support/server.ts'
import { Caller } from './caller.ts'

interface Entry {
  readonly id: number
  readonly actor: { readonly kind: string; readonly name: string }
  readonly action: string
  readonly kind: string
  readonly name: string
  readonly fields: readonly object[]
}

let api: Caller
beforeAll(async () => {
  api = await Caller.start()
})
afterAll(() => api.server.end())

async function trail(query: string, token = api.owner): Promise<readonly Entry[]> {
  return (await api.call<readonly Entry[]>('GET', `/audit${query}`, { token })).body
}

test('a change over the API is recorded under its access token', async () => {
  const path = '/accounts/owner/reservations'
  await api.call('POST', path, { body: { namespace: 'acme', sendKey: 's' } })
  expect(await trail('?limit=1')).toMatchObject([
    {
      actor: { kind: 'token', name: 'test' },
      action: 'add',
      kind: 'reservation',
      name: 'acme',
      fields: [{ field: 'send key', to: 'set' }],
    },
  ])
})

test('an account sees entries about its own things, and the owner all', async () => {
  const token = api.token('team')
  await api.call('POST', '/accounts/team/reservations', { token, body: { namespace: 'team' } })
  const own = await trail('', token)
  expect(own.map(({ name }) => name)).toContain('team')
  expect(own.map(({ name }) => name)).not.toContain('acme')
  expect((await trail('?kind=reservation')).map(({ name }) => name)).toEqual(['team', 'acme'])
  expect((await trail('?kind=reservation&text=ac')).map(({ name }) => name)).toEqual(['acme'])
})

test('the next page continues where the last one ended', async () => {
  const [newest, second] = await trail('?limit=2')
  expect(await trail(`?limit=1&before=${newest!.id}`)).toEqual([second!])
  expect((await api.call('GET', '/audit?limit=0')).status).toBe(400)
  expect((await api.call('GET', '/audit?kind=nothing')).status).toBe(400)
})

test('a command is recorded under the user who ran it', async () => {
  const here = (...argv: string[]) => [...argv, '--data', api.server.folder]
  expect((await latchkey(here('accounts', 'add', 'shop'))).code).toBe(0)
  const [entry] = await runJson<readonly Entry[]>(here('audit', 'list', '--limit', '1'))
  expect(entry).toMatchObject({ actor: { kind: 'command' }, kind: 'account', name: 'shop' })
  const { out } = await latchkey(here('audit', 'list', '--kind', 'account', '--text', 'shop'))
  expect(out).toMatch(
    /^Time \(UTC\) +Who +From +What +Details\n\S+ \S+ +\S+ +- +added the account shop +-\n$/,
  )
  const wrong = await latchkey(here('audit', 'list', '--kind', 'x'))
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('--kind must be one of')])
})
