/** `latchkey accounts` and `latchkey access-tokens`: on a data folder without a server. */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { SCOPES } from '../../src/service/accounts/access-tokens.ts'
import { beginFolder, temporaryFolder } from '../support/server.ts'
import { run, runJson } from './process.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

let data: string
let folders = 0
beforeEach(() => {
  data = join(folder.path, String(++folders))
  beginFolder(data)
})

interface Account {
  readonly id: string
  readonly name: string
  readonly role: string
}
interface Token {
  readonly id: string
  readonly token: string
  readonly scopes: string[]
  readonly expiresAt: number | null
  readonly createdAt: number
}

const accounts = (name: string, ...argv: string[]) =>
  run(['accounts', name, '--data', data, ...argv])
const tokens = (name: string, ...argv: string[]) =>
  run(['access-tokens', name, '--data', data, ...argv])
const accountList = () => runJson<Account[]>(['accounts', 'list', '--data', data])
const tokenList = (...argv: string[]) =>
  runJson<Token[]>(['access-tokens', 'list', '--data', data, ...argv])
const addToken = (...argv: string[]) =>
  runJson<Token>(['access-tokens', 'add', '--data', data, ...argv])

describe('accounts', () => {
  test('begin with the owner', async () => {
    const found = await accountList()
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ name: 'owner', role: 'owner' })
    expect(await accountList()).toEqual(found)
    expect((await accounts('list')).out).toMatch(/^owner +\w{12} +owner +0 /m)
  })

  test('are added and removed', async () => {
    expect((await accounts('add', 'ann@my.site')).out).toMatch(
      /^Added ann@my\.site \(\w{12}\)\.\n$/,
    )
    expect((await accountList()).map(({ name, role }) => [name, role])).toEqual([
      ['owner', 'owner'],
      ['ann@my.site', 'member'],
    ])
    expect((await accounts('remove', 'ann@my.site')).out).toBe('Removed ann@my.site.\n')
    expect(await accountList()).toHaveLength(1)
  })

  test.each(['', ' ', 'two words', '-ann', 'x'.repeat(65), 'añn'])(
    'cannot be named %p',
    async (name) => {
      const { code, err } = await accounts('add', '--', name)
      expect(code).toBe(1)
      expect(err).toContain('an account name has 1 to 64')
    },
  )

  test('have unique names', async () => {
    await accounts('add', 'ann')
    const { code, err } = await accounts('add', 'ann')
    expect({ code, err }).toEqual({ code: 1, err: 'latchkey: an account of that name exists\n' })
  })

  test('cannot be removed while they have reservations, nor can the owner', async () => {
    await accounts('add', 'ann')
    await run(['reservations', 'add', 'hers', '--account', 'ann', '--data', data])
    expect((await accounts('remove', 'ann')).err).toContain('still has reservations')
    expect((await accounts('remove', 'owner')).err).toContain('the owner account cannot be removed')
    expect((await accounts('remove', 'nobody')).err).toContain('there is no such account')
    await run(['reservations', 'remove', 'hers', '--data', data])
    expect((await accounts('remove', 'ann')).code).toBe(0)
  })

  test('are removed with their access tokens', async () => {
    await accounts('add', 'ann')
    await addToken('--account', 'ann')
    const kept = await addToken()
    await accounts('remove', 'ann')
    expect((await tokenList()).map(({ id }) => id)).toEqual([kept.id])
  })

  test('reset revokes every access token of an account and makes a new one', async () => {
    await accounts('add', 'ann')
    const hers = await addToken('--account', 'ann')
    await addToken()
    await addToken()
    const { code, out } = await accounts('reset')
    expect(code).toBe(0)
    expect(out).toContain('Revoked 2 access tokens of owner')
    expect(out).toMatch(/shown only this once: lk_[\w-]{43}\n/)
    const argv = ['accounts', 'reset', 'ann', '--data', data]
    const reset = await runJson<{ revoked: number; id: string; token: string }>(argv)
    expect(reset.revoked).toBe(1)
    expect(reset.token).not.toBe(hers.token)
    expect((await tokenList('--account', 'ann')).map(({ id }) => id)).toEqual([reset.id])
    expect((await accounts('reset', 'nobody')).code).toBe(1)
  })
})

describe('access tokens', () => {
  test('have all scopes and do not expire, by default', async () => {
    const made = await addToken()
    expect(made.token).toMatch(/^lk_[\w-]{43}$/)
    expect(made).toMatchObject({ scopes: [...SCOPES], expiresAt: null })
    const narrow = await addToken('--name', 'ci', '--scopes', 'read:channel, read:connection')
    expect(narrow.scopes).toEqual(['read:channel', 'read:connection'])
    const short = await addToken('--days', '2')
    expect(short.expiresAt! - short.createdAt).toBe(2 * 86_400_000)
  })

  test('are listed without their secret', async () => {
    const made = await addToken('--name', 'ci', '--scopes', 'read:channel')
    const { out } = await tokens('list')
    expect(out).toMatch(new RegExp(`^${made.id} +ci +read:channel `, 'm'))
    expect(out).not.toContain(made.token.slice(3, 20))
    const json = JSON.stringify(await tokenList())
    expect(json).not.toContain(made.token.slice(3, 20))
    expect(json).not.toContain('hash')
  })

  test('are revoked by id', async () => {
    const { id } = await addToken('--name', 'ci')
    expect((await tokens('remove', id)).out).toBe(`Revoked ci (${id}).\n`)
    expect((await tokens('list')).out).toBe('There are no access tokens.\n')
    const again = await tokens('remove', id)
    expect(again).toEqual({ code: 1, out: '', err: 'latchkey: there is no such access token\n' })
  })

  const wrong: [string[], string][] = [
    [['--scopes', 'read:everything'], 'unknown scope read:everything; there are read:account, '],
    [['--scopes', ''], 'unknown scope'],
    [['--days', '0'], '--days must be a whole number from 1 to 99999'],
    [['--days', 'soon'], '--days must be a whole number'],
    [['--account', 'nobody'], 'there is no such account'],
  ]
  test.each(wrong)('add refuses %j', async (argv, text) => {
    const { code, err } = await tokens('add', ...argv)
    expect(code).toBe(1)
    expect(err).toContain(text)
    expect(await tokenList()).toEqual([])
  })
})
