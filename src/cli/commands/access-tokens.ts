/** `latchkey access-tokens list | add | remove` */
import {
  type AccessToken,
  SCOPES,
  type Scope,
  isScope,
} from '../../service/accounts/access-tokens.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type Command, EXIT } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { ACCOUNT_OPTION, actingAccount, failed, withServices } from '../with-services.ts'

const list: Command = {
  name: 'access-tokens list',
  summary: 'List access tokens of the HTTP API',
  positionals: [],
  options: [{ ...ACCOUNT_OPTION, description: 'Only those of this account' }],
  settings: 'data',
  run: (context) =>
    withServices(context, ({ accounts, accessTokens }) => {
      const named = context.options['account']
      const account = named === undefined ? undefined : accounts.find(named)
      if (account && !account.ok) return failed(context, account.failure)
      const found = accessTokens.list(account?.value)
      context.output.result(
        found,
        found.length === 0 ? 'There are no access tokens.' : listText(found),
      )
      return EXIT.done
    }),
}

const add: Command = {
  name: 'access-tokens add',
  summary: 'Make an access token for the HTTP API; it is shown only once',
  positionals: [],
  options: [
    { name: 'name', value: 'NAME', description: 'What it is for' },
    { name: 'scopes', value: 'LIST', description: `Some of ${SCOPES.join(',')} (default: all)` },
    { name: 'days', value: 'N', description: 'Expires after so many days (default: never)' },
    ACCOUNT_OPTION,
  ],
  settings: 'data',
  begins: true,
  run: (context) =>
    withServices(context, async (services) => {
      const account = actingAccount(context, services)
      if (!account.ok) return failed(context, account.failure)
      const scopes = readScopes(context.options['scopes'])
      if (!scopes.ok) return failed(context, scopes.failure)
      const lifetime = readDays(context.options['days'])
      if (!lifetime.ok) return failed(context, lifetime.failure)
      const name = context.options['name'] ?? 'unnamed'
      const wish = { name, scopes: scopes.value, lifetime: lifetime.value }
      const { accessTokens, ledger } = services
      const { token, secret } = await ledger.commit(() => accessTokens.add(account.value, wish))
      context.output.result(
        { ...token, token: secret },
        `Access token of ${account.value.name}, shown only this once: ${secret}`,
      )
      return EXIT.done
    }),
}

const remove: Command = {
  name: 'access-tokens remove',
  summary: 'Revoke an access token',
  positionals: ['ID'],
  options: [],
  settings: 'data',
  run: (context) =>
    withServices(context, async ({ accessTokens, ledger }) => {
      const removed = await ledger.commit(() => accessTokens.remove(context.positionals[0]!))
      if (!removed.ok) return failed(context, removed.failure)
      context.output.result(removed.value, `Revoked ${removed.value.name} (${removed.value.id}).`)
      return EXIT.done
    }),
}

function readScopes(given: string | undefined): Result<readonly Scope[]> {
  if (given === undefined) return ok(SCOPES)
  const names = given.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !isScope(name))
  return unknown === undefined
    ? ok(names.filter(isScope))
    : fail('invalid', `unknown scope ${unknown}; there are ${SCOPES.join(', ')}`)
}

const MAX_DAYS = 99_999
const DAY_MS = 86_400_000

function readDays(days: string | undefined): Result<number | undefined> {
  if (days === undefined) return ok(undefined)
  if (!/^\d+$/.test(days)) return fail('invalid', '--days must be a whole number of days')
  const count = Number(days)
  if (count < 1 || count > MAX_DAYS)
    return fail('invalid', `--days must be a whole number from 1 to ${MAX_DAYS}`)
  return ok(count * DAY_MS)
}

function listText(found: readonly AccessToken[]): Lines {
  const moment = (time: number | null) => (time === null ? '-' : timeText(time))
  return table(
    ['Id', 'Name', 'Scopes', 'Made (UTC)', 'Last used', 'Expires'],
    found.map((one) => [
      one.id,
      one.name,
      one.scopes.length === SCOPES.length ? 'all' : one.scopes.join(','),
      timeText(one.createdAt),
      moment(one.lastUsedAt),
      moment(one.expiresAt),
    ]),
  )
}

export const accessTokenCommands: readonly Command[] = [list, add, remove]
