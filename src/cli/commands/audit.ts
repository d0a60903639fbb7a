/** `latchkey audit list` */
import { entryView } from '../../api/audit-routes.ts'
import { type Result, fail, ok } from '../../failure.ts'
import { type AuditEntry, ENTITIES, type Entity } from '../../service/audit/audit.ts'
import { actionPhrase, fieldText } from '../../service/audit/audit-words.ts'
import { type Command, EXIT } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { ACCOUNT_OPTION, failed, withServices } from '../with-services.ts'

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 1000

const list: Command = {
  name: 'audit list',
  summary: 'List who changed what and when, the newest first',
  positionals: [],
  options: [
    { name: 'kind', value: 'KIND', description: `Only one of ${ENTITIES.join(', ')}` },
    { name: 'text', value: 'TEXT', description: 'Part of the name of who, or of what' },
    { name: 'limit', value: 'NUMBER', description: `How many (default: ${DEFAULT_LIMIT})` },
    { ...ACCOUNT_OPTION, description: 'Only what belongs to this account' },
  ],
  settings: 'data',
  run: (context) =>
    withServices(context, ({ accounts, audit }) => {
      const { account: named, text } = context.options
      const account = named === undefined ? undefined : accounts.find(named)
      if (account && !account.ok) return failed(context, account.failure)
      const wish = readWish(context.options)
      if (!wish.ok) return failed(context, wish.failure)
      const { entries } = audit.list(account?.value, { ...wish.value, text })
      context.output.result(entries.map(entryView), listText(entries))
      return EXIT.done
    }),
}

function readWish({ kind, limit: given }: Readonly<Record<string, string>>): Result<{
  kinds: readonly Entity[] | undefined
  limit: number
}> {
  const limit = Number(given ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    return fail('invalid', `--limit must be a number from 1 to ${MAX_LIMIT}`)
  const known = ENTITIES.find((entity) => entity === kind)
  if (kind !== undefined && known === undefined)
    return fail('invalid', `--kind must be one of ${ENTITIES.join(', ')}`)
  return ok({ kinds: known && [known], limit })
}

function listText(entries: readonly AuditEntry[]): Lines {
  if (entries.length === 0) return 'Nothing was changed.'
  return table(
    ['Time (UTC)', 'Who', 'From', 'What', 'Details'],
    entries.map((entry) => [
      timeText(entry.at),
      entry.actor,
      entry.address ?? '-',
      whatText(entry),
      entry.fields.map(fieldText).join('; ') || '-',
    ]),
  )
}

function whatText(entry: AuditEntry): string {
  const { words, needsName } = actionPhrase(entry)
  return needsName ? `${words} ${entry.name}` : words
}

export const auditCommands: readonly Command[] = [list]
