/** Help texts, and the answers to unknown commands. */
import { expect, test } from 'bun:test'
import { commands } from '../../src/cli/cli.ts'
import { run } from './process.ts'

test.each([[[]], [['help']], [['--help']], [['-h']]])('%j lists every command', async (argv) => {
  const { code, out, err } = await run(argv)
  expect([code, err]).toEqual([0, ''])
  for (const { name } of commands) expect(out).toContain(name)
})

test.each([[['keys', '--help']], [['keys', '-h']], [['help', 'keys']]])(
  '%j lists the commands of the subject',
  async (argv) => {
    const { code, out } = await run(argv)
    expect(code).toBe(0)
    expect(out).toContain('keys rotate KEY')
    expect(out).not.toContain('apps list')
  },
)

test('every command has its own help, with --help before or after it', async () => {
  for (const { name, options } of commands) {
    const words = name.split(' ')
    const { code, out } = await run([...words, '--help'])
    expect([name, code]).toEqual([name, 0])
    for (const option of options) expect(out).toContain(`--${option.name}`)
    expect((await run(['help', ...words])).out).toBe(out)
  }
})

test.each([
  [
    ['keys'],
    'unknown command keys: it needs one of list, add, set, rotate, retire, revoke, explain after it',
  ],
  [['keys', '--json'], 'it needs one of'],
  [['keys', 'lst'], 'unknown command keys lst (did you mean keys list?)'],
  [['key', 'list'], 'unknown command key (did you mean keys list?)'],
  [['reservation', 'add', 'x'], 'did you mean reservations add?'],
  [['serv'], 'did you mean serve?'],
  [['key'], 'unknown command key; latchkey --help'],
  [['xyzzy'], 'unknown command xyzzy; latchkey --help lists the commands'],
  [['help', 'xyzzy'], 'unknown command xyzzy'],
])('%j is answered with the existing commands', async (argv, told) => {
  const { code, out, err } = await run(argv)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(told)
  expect(err.trim().split('\n')).toHaveLength(1)
})
