/** `latchkey reservations`: on a data folder without a server. */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beginFolder, latchkey, temporaryFolder } from '../support/server.ts'
import { run, runJson } from './process.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

let data: string
let folders = 0
beforeEach(() => {
  if (data !== undefined) rmSync(data, { recursive: true, force: true })
  data = join(folder.path, String(++folders))
})

interface Reservation {
  readonly id: string
  readonly namespace: string
  readonly accountId: string
  readonly joinKey: string | null
  readonly sendKey: string | null
  readonly guardEvents: boolean | null
  readonly warnings?: string[]
}

const command = (name: string, ...argv: string[]) =>
  run(['reservations', name, '--data', data, ...argv])
const commandJson = <T = Reservation>(name: string, ...argv: string[]) =>
  runJson<T>(['reservations', name, '--data', data, ...argv])

test('the first command makes the folder, the owner and the master key', async () => {
  const argv = ['reservations', 'add', 'acme', '--join-key', 'j', '--data', data]
  const added = await latchkey(argv)
  expect(added).toEqual({
    code: 0,
    out: 'acme is reserved; joining needs the join key, whoever joins may send.\n',
    err: '',
  })
  const again = await latchkey([...argv, '--json'])
  expect({ code: again.code, out: again.out }).toEqual({ code: 1, out: '' })
  expect(JSON.parse(again.err)).toEqual({ error: 'the namespace is already reserved' })
  const listed = await latchkey(['reservations', 'list', '--data', data])
  expect(listed.code).toBe(0)
  expect(listed.out).toMatch(/^acme +j +- +owner /m)
})

describe('add', () => {
  test('stores both keys and the options, and shows them again to the owner', async () => {
    const argv = ['acme/vault', '--join-key', 'open sesame', '--send-key=--dashes']
    const added = await commandJson('add', ...argv, '--guard-events', 'true')
    expect(added).toMatchObject({
      namespace: 'acme/vault',
      joinKey: 'open sesame',
      sendKey: '--dashes',
      guardEvents: true,
    })
    expect(await commandJson<unknown[]>('list')).toEqual([added])
  })

  test('says what the keys mean', async () => {
    expect((await command('add', 'a')).out).toContain('anyone may join, whoever joins may send')
    expect((await command('add', 'b', '--send-key', 's')).out).toContain(
      'anyone may join, sending needs the send key',
    )
  })

  test('warns that a child does not inherit the keys of its parent (AC-30)', async () => {
    await command('add', 'acme', '--join-key', 'j', '--send-key', 's')
    const { code, out } = await command('add', 'acme/lobby', '--send-key', 't')
    expect(code).toBe(0)
    expect(out).toContain('Warning: acme/lobby has no join key and does not inherit')
    expect(out).not.toContain('no send key')
  })

  const wrong: [string[], string][] = [
    [[''], 'the namespace is not valid'],
    [['acme/'], 'the namespace is not valid'],
    [[':acme'], 'the namespace is not valid'],
    [['acme//x'], 'the namespace is not valid'],
    [['a\u0007b'], 'the namespace is not valid'],
    [['x'.repeat(201)], 'the namespace is not valid'],
    [['acme', '--join-key', ''], 'the join key cannot be ""'],
    [['acme', '--send-key', 'undefined'], 'the send key cannot be "undefined"'],
    [['acme', '--send-key', 'k'.repeat(257)], 'the send key is longer than'],
    [['acme', '--guard-events', 'maybe'], '--guard-events must be true, false or default'],
    [['acme', '--account', 'nobody'], 'there is no such account'],
  ]
  test.each(wrong)('refuses %j', async (argv, text) => {
    const { code, out, err } = await command('add', ...argv)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(text)
    expect(await commandJson<unknown[]>('list')).toEqual([])
  })

  test('stops at the quota, which can be set (N-4)', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e/below'])
      expect((await command('add', name)).code).toBe(0)
    const sixth = await command('add', 'f')
    expect(sixth.code).toBe(1)
    expect(sixth.err).toContain('has used its 5 reservations')
    expect((await command('remove', 'a')).code).toBe(0)
    expect((await command('add', 'f')).code).toBe(0)
    const argv = ['reservations', 'add', 'g', '--data', data]
    expect((await run(argv, { LATCHKEY_MAX_RESERVATIONS: '6' })).code).toBe(0)
    expect((await run(['reservations', 'add', 'h', '--data', data])).code).toBe(1)
    const unlimited = { LATCHKEY_MAX_RESERVATIONS: '0' }
    expect((await run(['reservations', 'add', 'h', '--data', data], unlimited)).code).toBe(0)
  })
})

describe('set', () => {
  test('changes what is given and leaves the rest', async () => {
    const added = await commandJson('add', 'acme', '--join-key', 'j', '--send-key', 's')
    const rotated = await commandJson('set', 'acme', '--join-key', 'k', '--guard-events', 'false')
    expect(rotated).toMatchObject({ id: added.id, joinKey: 'k', sendKey: 's', guardEvents: false })
    const cleared = await commandJson('set', added.id, '--no-send-key', '--guard-events', 'default')
    expect(cleared).toMatchObject({ id: added.id, joinKey: 'k', sendKey: null, guardEvents: null })
    expect((await command('set', 'acme', '--no-join-key')).out).toBe(
      'acme is reserved; anyone may join, whoever joins may send.\n',
    )
  })

  test('fails for a name that is not reserved', async () => {
    beginFolder(data)
    const { code, err } = await command('set', 'nothing', '--join-key', 'j')
    expect({ code, err }).toEqual({ code: 1, err: 'latchkey: there is no such reservation\n' })
  })
})

describe('remove', () => {
  test('frees the namespace', async () => {
    await command('add', 'acme')
    expect((await command('remove', 'acme')).out).toBe('acme is no longer reserved.\n')
    expect(await commandJson<unknown[]>('list')).toEqual([])
    expect((await command('list')).out).toContain('No namespace is reserved.')
    expect((await command('remove', 'acme')).code).toBe(1)
  })
})

describe('list', () => {
  test('lists the reservations of one account', async () => {
    await run(['accounts', 'add', 'ann', '--data', data])
    await command('add', 'mine')
    await command('add', 'hers', '--account', 'ann')
    const names = async (...argv: string[]) =>
      (await commandJson<Reservation[]>('list', ...argv)).map((one) => one.namespace)
    expect(await names()).toEqual(['hers', 'mine'])
    expect(await names('--account', 'ann')).toEqual(['hers'])
    expect(await names('--account', 'owner')).toEqual(['mine'])
    expect((await command('list', '--account', 'nobody')).code).toBe(1)
  })
})
