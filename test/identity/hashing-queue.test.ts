/** Passwords are hashed a few at a time, with a bounded queue for each client. */
import { expect, test } from 'bun:test'
import { PasswordHasher } from '../../src/identity/password.ts'

const namesOf = async (results: readonly ReturnType<PasswordHasher['check']>[]) =>
  (await Promise.all(results)).map((result) => (result.ok ? 'checked' : result.failure.name))

test('the queue of one client is bounded, without effect on others', async () => {
  const hasher = new PasswordHasher({ atOnce: 2, ofOne: 3, waiting: 10 })
  const checks = ['a', 'a', 'a', 'a', 'a', 'b'].map((client) => hasher.check('x', null, client))
  expect(hasher.busy).toBe(4)
  expect(await namesOf(checks)).toEqual([
    'checked',
    'checked',
    'checked',
    'sign_in_rate',
    'sign_in_rate',
    'checked',
  ])
  expect(hasher.busy).toBe(0)
  expect(await namesOf([hasher.check('x', null, 'a')])).toEqual(['checked'])
})

test('the queue of all clients is bounded', async () => {
  const hasher = new PasswordHasher({ atOnce: 2, ofOne: 3, waiting: 1 })
  const checks = ['a', 'b', 'c', 'd'].map((client) => hasher.check('x', null, client))
  expect(await namesOf(checks)).toEqual(['checked', 'checked', 'checked', 'sign_in_busy'])
  expect(hasher.busy).toBe(0)
})
