/** `latchkey reservations list | add | set | remove` */
import { type Result, fail, ok } from '../../failure.ts'
import { reservationView, reservedView } from '../../api/shapes.ts'
import type { NameWarning } from '../../service/reservations/reserved-names.ts'
import type { OwnedReservation, Reserved } from '../../service/reservations/reservations.ts'
import type { ReservationChange } from '../../service/reservations/reservation-fields.ts'
import type { Services } from '../../service/services.ts'
import { type Command, type CommandContext, EXIT, type OptionSpec } from '../command.ts'
import { type Lines, table, timeText } from '../output.ts'
import { ACCOUNT_OPTION, actingAccount, failed, withServices } from '../with-services.ts'

const KEY_OPTIONS: readonly OptionSpec[] = [
  { name: 'join-key', value: 'KEY', description: 'Key that joining asks for' },
  { name: 'send-key', value: 'KEY', description: 'Key that sending asks for' },
  ...['explain-refusals', 'guard-events', 'legacy-users'].map((name) => ({
    name,
    value: 'true|false|default',
    description: `The setting --${name} for this namespace`,
  })),
  {
    name: 'app',
    value: 'APP',
    description: 'Link it to an app: its channels are then those of that app too',
  },
]

const CLEAR_OPTIONS: readonly OptionSpec[] = [
  { name: 'no-join-key', value: undefined, description: 'Take the join key away' },
  { name: 'no-send-key', value: undefined, description: 'Take the send key away' },
  { name: 'no-app', value: undefined, description: 'Unlink it from its app' },
]

const list: Command = {
  name: 'reservations list',
  summary: 'List reservations with their keys',
  positionals: [],
  options: [{ ...ACCOUNT_OPTION, description: 'Only those of this account' }],
  settings: 'data',
  run: (context) =>
    withServices(context, ({ accounts, reservations }) => {
      const named = context.options['account']
      const account = named === undefined ? undefined : accounts.find(named)
      if (account && !account.ok) return failed(context, account.failure)
      const found = reservations.list(account?.value)
      const names = new Map(accounts.list().map(({ id, name }) => [id, name]))
      const nameWarnings = reservations.nameWarnings(account?.value)
      context.output.result(found.map(reservationView), listText(found, names, nameWarnings))
      return EXIT.done
    }),
}

const add: Command = {
  name: 'reservations add',
  summary: 'Reserve a namespace, such as acme or acme/vault',
  positionals: ['NAMESPACE'],
  options: [...KEY_OPTIONS, ACCOUNT_OPTION],
  settings: 'data',
  begins: true,
  run: (context) =>
    withServices(context, (services) => {
      const account = actingAccount(context, services)
      if (!account.ok) return failed(context, account.failure)
      return apply(context, services, (change) =>
        services.reservations.add(account.value, context.positionals[0]!, change),
      )
    }),
}

const set: Command = {
  name: 'reservations set',
  summary: 'Change keys and options of a reservation; applies at once',
  positionals: ['NAMESPACE'],
  options: [...KEY_OPTIONS, ...CLEAR_OPTIONS],
  settings: 'data',
  run: (context) =>
    withServices(context, (services) =>
      apply(context, services, (change) =>
        services.reservations.change(context.positionals[0]!, change),
      ),
    ),
}

const remove: Command = {
  name: 'reservations remove',
  summary: 'Give a namespace back; its channels are open from then on',
  positionals: ['NAMESPACE'],
  options: [],
  settings: 'data',
  run: (context) =>
    withServices(context, async ({ ledger, reservations }) => {
      const removed = await ledger.commit(() => reservations.remove(context.positionals[0]!))
      if (!removed.ok) return failed(context, removed.failure)
      context.output.result(
        reservationView(removed.value),
        `${removed.value.namespace} is no longer reserved.`,
      )
      return EXIT.done
    }),
}

async function apply(
  context: CommandContext,
  { ledger }: Services,
  act: (change: ReservationChange) => Result<Reserved>,
): Promise<number> {
  const change = readChange(context.options)
  const done = change.ok ? await ledger.commit(() => act(change.value)) : change
  if (!done.ok) return failed(context, done.failure)
  const { reservation, warnings } = done.value
  const { appId } = reservation.options
  const lines = [
    `${reservation.namespace} is reserved; ${keysText(reservation)}.`,
    ...(appId === undefined ? [] : [`Its channels are those of the app ${appId} too.`]),
    ...warnings.map((warning) => `Warning: ${warning}.`),
  ]
  context.output.result(reservedView(done.value), lines)
  return EXIT.done
}

/** Keys without an option stay unchanged. */
function readChange(options: Readonly<Record<string, string>>): Result<ReservationChange> {
  const change: Record<string, string | boolean | null> = {}
  for (const [member, name] of [
    ['joinKey', 'join-key'],
    ['sendKey', 'send-key'],
  ] as const) {
    if (options[`no-${name}`] === 'true') change[member] = null
    else if (options[name] !== undefined) change[member] = options[name]
  }
  const choices = {
    explainRefusals: 'explain-refusals',
    guardEvents: 'guard-events',
    legacyUsers: 'legacy-users',
  }
  for (const [member, name] of Object.entries(choices)) {
    const value = options[name]
    if (value === undefined) continue
    if (!['true', 'false', 'default'].includes(value)) {
      return fail('invalid', `--${name} must be true, false or default`)
    }
    change[member] = value === 'default' ? null : value === 'true'
  }
  if (options['no-app'] === 'true') change['app'] = null
  else if (options['app'] !== undefined) change['app'] = options['app']
  return ok(change)
}

function keysText({ joinKey, sendKey }: OwnedReservation): string {
  const join = joinKey === undefined ? 'anyone may join' : 'joining needs the join key'
  const send = sendKey === undefined ? 'whoever joins may send' : 'sending needs the send key'
  return `${join}, ${send}`
}

function listText(
  found: readonly OwnedReservation[],
  accounts: ReadonlyMap<string, string>,
  nameWarnings: readonly NameWarning[],
): Lines {
  if (found.length === 0)
    return 'No namespace is reserved. Reserve one with: latchkey reservations add NAMESPACE'
  const rows = table(
    ['Namespace', 'Join key', 'Send key', 'Account', 'Since (UTC)'],
    found.map((one) => [
      one.namespace,
      one.joinKey ?? '-',
      one.sendKey ?? '-',
      accounts.get(one.accountId) ?? one.accountId,
      timeText(one.createdAt),
    ]),
  )
  return [...rows, ...nameWarnings.map((one) => `Warning: ${one.namespace} ${one.because}.`)]
}

export const reservationCommands: readonly Command[] = [list, add, set, remove]
