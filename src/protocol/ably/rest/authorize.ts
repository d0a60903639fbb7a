/** Who makes a REST request, and whether their capability permits what it asks for. */
import { type Failure, type Result, failure, ok } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import { capabilityGap } from '../../../identity/capability-gap.ts'
import { findCredentials } from '../../../identity/credentials.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Operation } from '../../../policy/capability/operations.ts'
import type { RestCall } from './routes.ts'

/** What concerns an app and no channel of it is permitted on this resource, as statistics and lists of channels are. */
export const WHOLE_APP = '*'

/**
 * Whoever the credentials of a request belong to, wherever it carries them; it counts in the statistics of their app.
 * A promise only where a signature has to be checked, so that a handler need not wait for nothing.
 */
export function identify(
  authenticator: Authenticator,
  call: RestCall,
): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
  const credentials = findCredentials(call.request.headers, call.query)
  if (!credentials.ok) return credentials
  const found = authenticator.authenticate(credentials.value, call)
  return found instanceof Promise
    ? found.then((result) => counted(call, result))
    : counted(call, found)
}

function counted(call: RestCall, found: Result<AppPrincipal>): Result<AppPrincipal> {
  if (found.ok) call.countFor(found.value.appId)
  return found
}

/**
 * Whoever makes a request, if they may do this.
 * @param resource a channel name with its qualifier but without parameters, or `WHOLE_APP`
 * @returns `capability_refused` (401 and 40160) if they may not, or what is wrong with the credentials
 */
export function authorize(
  authenticator: Authenticator,
  call: RestCall,
  operation: Operation,
  resource: string,
): Result<AppPrincipal> | Promise<Result<AppPrincipal>> {
  const found = identify(authenticator, call)
  const check = (result: Result<AppPrincipal>): Result<AppPrincipal> =>
    result.ok ? permitted(result.value, operation, resource) : result
  return found instanceof Promise ? found.then(check) : check(found)
}

/** For a request about several channels, each of which is permitted or refused by itself. */
export function permitted(
  principal: AppPrincipal,
  operation: Operation,
  resource: string,
): Result<AppPrincipal> {
  const refusal = capabilityRefusal(principal, operation, resource)
  return refusal ? { ok: false, failure: refusal } : ok(principal)
}

/** Why the capability of somebody keeps them from something, if it does. */
export function capabilityRefusal(
  principal: AppPrincipal,
  operation: Operation,
  resource: string,
): Failure | undefined {
  if (principal.checker.permits(resource, operation)) return undefined
  const where = resource === WHOLE_APP ? 'on the whole app' : 'on this channel'
  const message = `the capability does not permit ${operation} ${where}`
  return failure('capability_refused', message, () => capabilityGap(principal, operation, resource))
}
