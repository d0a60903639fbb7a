/** Opens the data folder for one command and closes it afterwards, whatever happens. */
import { userInfo } from 'node:os'
import { systemClock } from '../core/clock.ts'
import { type Failure, type Result } from '../failure.ts'
import type { Account } from '../service/accounts.ts'
import { type Services, databaseTrouble, openServices } from '../service/services.ts'
import { StartError } from '../start-error.ts'
import { type CommandContext, EXIT } from './command.ts'

/** @throws StartError where there is no data folder */
export async function withServices(
  context: CommandContext,
  action: (services: Services) => number | Promise<number>,
): Promise<number> {
  if (context.config.inMemory) {
    throw new StartError('--in-memory is for servers; a command has no data folder to work on then')
  }
  const services = openServices(
    context.config,
    systemClock,
    context.sources.maxReservations !== 'default',
  )
  try {
    return await services.audit.as({ kind: 'command', name: userName() }, () => action(services))
  } catch (error) {
    throw databaseTrouble(services.folder, error)
  } finally {
    services.close()
  }
}

/** Who runs the command, as the system knows them; some containers have users without a name. */
function userName(): string {
  const uid = process.getuid?.()
  const byNumber = uid === undefined ? 'unknown' : `uid:${uid}`
  try {
    // The runtime reads the environment, and says this where a container has no name in it.
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
