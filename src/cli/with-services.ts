/** Opens the data folder for one command, and closes it in any case. */
import { statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { type Failure, type Result } from '../failure.ts'
import type { Account } from '../service/accounts/accounts.ts'
import { callServer } from '../service/control/control-client.ts'
import { type Services, databaseTrouble, openServices } from '../service/services.ts'
import { StartError } from '../start-error.ts'
import { DATABASE_FILE } from '../store/database.ts'
import { type CommandContext, EXIT } from './command.ts'

/**
 * Runs an action. Its changes are in force on a running server when this returns.
 * @throws StartError where there is no data folder, and none may be made
 */
export async function withServices(
  context: CommandContext,
  action: (services: Services) => number | Promise<number>,
): Promise<number> {
  const { config, sources } = context
  if (config.inMemory) {
    throw new StartError('--in-memory is for servers; a command has no data folder to work on then')
  }
  if (!context.begins) expectDatabase(config.data)
  const services = openServices(config, systemClock, sources.maxReservations !== 'default')
  const before = services.lastChange()
  let hasChanged = false
  try {
    const by = { kind: 'command', name: userName() } as const
    const code = await services.audit.as(by, () => action(services))
    hasChanged = services.lastChange() !== before
    return code
  } catch (error) {
    throw databaseTrouble(services.folder, error)
  } finally {
    services.close()
    if (hasChanged) await tellServer(context)
  }
}

/** Refuses a folder without a database: a command in the wrong folder must not create one, nor answer as if it were empty. */
export function expectDatabase(data: string): void {
  const folder = resolve(data)
  if (!isMissing(join(folder, DATABASE_FILE))) return
  throw new StartError(
    `there is no database in ${folder}; --data or LATCHKEY_DATA names the data folder of a server`,
  )
}

/** Only a file that does not exist is missing; other problems are reported where it is opened. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR'
  }
}

/** Lets a running server apply the changes now; it would find them by itself a little later. */
async function tellServer({ config, output }: CommandContext): Promise<void> {
  const answer = await callServer(resolve(config.data), 'POST', '/refresh')
  if (answer && answer.status >= 500)
    output.complain('it is changed, but the running server has not taken it over yet')
}

/** Name of the system's user, or the number of one without a name, as in some containers. */
function userName(): string {
  const uid = process.getuid?.()
  const byNumber = uid === undefined ? 'unknown' : `uid:${uid}`
  try {
    // Bun says `unknown` where the environment has no name.
    const { username } = userInfo()
    return username === 'unknown' ? byNumber : username
  } catch {
    return byNumber
  }
}

/** Says what failed and returns the exit code for it. */
export function failed({ output }: CommandContext, why: Failure): number {
  output.complain(why.message)
  return EXIT.failed
}

/** The account that `--account` names, by name or id; without it, the owner. */
export function actingAccount(
  { options }: CommandContext,
  { accounts }: Services,
): Result<Account> {
  const named = options['account']
  return named === undefined ? { ok: true, value: accounts.ensureOwner() } : accounts.find(named)
}

export const ACCOUNT_OPTION = {
  name: 'account',
  value: 'NAME',
  description: 'Account to act for, by name or id (default: the owner)',
}
