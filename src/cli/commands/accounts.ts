/** `latchkey accounts list | add | remove | reset` */
import { accountView } from '../../api/shapes.ts'
import { SCOPES } from '../../service/accounts/access-tokens.ts'
import { type Command, EXIT } from '../command.ts'
import { table, timeText } from '../output.ts'
import { failed, withServices } from '../with-services.ts'

const list: Command = {
  name: 'accounts list',
  summary: 'List accounts',
  positionals: [],
  options: [],
  settings: 'data',
  run: (context) =>
    withServices(context, ({ accounts, reservations }) => {
      const found = accounts.list()
      const rows = found.map((account) => [
        account.name,
        account.id,
        account.role,
        String(reservations.list(account).length),
        timeText(account.createdAt),
      ])
      context.output.result(
        found.map(accountView),
        table(['Name', 'Id', 'Role', 'Reservations', 'Since (UTC)'], rows),
      )
      return EXIT.done
    }),
}

const add: Command = {
  name: 'accounts add',
  summary: 'Add an account, which may own reservations and access tokens',
  positionals: ['NAME'],
  options: [],
  settings: 'data',
  begins: true,
  run: (context) =>
    withServices(context, async ({ accounts, ledger }) => {
      const added = await ledger.commit(() => accounts.add(context.positionals[0]!))
      if (!added.ok) return failed(context, added.failure)
      context.output.result(
        accountView(added.value),
        `Added ${added.value.name} (${added.value.id}).`,
      )
      return EXIT.done
    }),
}

const remove: Command = {
  name: 'accounts remove',
  summary: 'Remove an account that has no reservations and no apps, and its access tokens',
  positionals: ['NAME'],
  options: [],
  settings: 'data',
  run: (context) =>
    withServices(context, async ({ accounts, ledger }) => {
      const removed = await ledger.commit(() => accounts.remove(context.positionals[0]!))
      if (!removed.ok) return failed(context, removed.failure)
      context.output.result(accountView(removed.value), `Removed ${removed.value.name}.`)
      return EXIT.done
    }),
}

/** For accounts whose tokens are lost or have leaked. */
const reset: Command = {
  name: 'accounts reset',
  summary:
    'Make a link that lets an owner of an account in, once; revoke its access tokens and make a new one (default: the server owner)',
  positionals: ['[NAME]'],
  options: [],
  settings: 'data',
  run: (context) =>
    withServices(context, async ({ accounts, accessTokens, ledger, oneTimeLinks, folder }) => {
      const name = context.positionals[0]
      const account =
        name === undefined
          ? { ok: true as const, value: accounts.ensureOwner() }
          : accounts.find(name)
      if (!account.ok) return failed(context, account.failure)
      const wish = { name: 'after reset', scopes: SCOPES, lifetime: undefined }
      const { revoked, token, secret, link } = await ledger.commit(() => {
        const before = accessTokens.removeAll(account.value)
        const added = accessTokens.add(account.value, wish)
        return { revoked: before, ...added, link: oneTimeLinks.claim(account.value) }
      })
      context.output.result(
        {
          account: accountView(account.value),
          data: folder,
          revoked,
          id: token.id,
          token: secret,
          link,
        },
        [
          `Revoked ${revoked} access tokens of ${account.value.name} in ${folder}.`,
          `New access token, shown only this once: ${secret}`,
          'To sign in to the dashboard with a new password, open this link; it works once, within the hour:',
          link,
        ],
      )
      return EXIT.done
    }),
}

export const accountCommands: readonly Command[] = [list, add, remove, reset]
