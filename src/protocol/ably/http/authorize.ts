/** Authenticates REST requests, and authorizes those that concern an app as a whole. */
import type { Soon } from '../../../core/soon.ts'
import type { Acts } from '../../../core/access/acts.ts'
import type { Result } from '../../../failure.ts'
import type { Authenticator } from '../../../identity/authenticate.ts'
import type { AppPrincipal } from '../../../identity/principal.ts'
import type { Operation } from '../../../policy/capability/operations.ts'
import type { RestCall } from './router.ts'

export interface AuthorizeParts {
  readonly authenticator: Authenticator
  readonly acts: Acts
}

/**
 * Authenticates a request, which counts in the statistics of the app and against the rate of the key. A promise only
 * if a signature has to be verified.
 */
export function identify(authenticator: Authenticator, call: RestCall): Soon<Result<AppPrincipal>> {
  const { credentials, known } = call
  if (known && authenticator.stillAdmits(known.principal, known.generation)) return known.found
  if (!credentials.ok) return credentials
  const { generation } = authenticator
  const found = authenticator.authenticate(credentials.value, call)
  return found instanceof Promise
    ? found.then((result) => counted(call, result, generation))
    : counted(call, found, generation)
}

function counted(
  call: RestCall,
  found: Result<AppPrincipal>,
  generation: number,
): Result<AppPrincipal> {
  if (!found.ok) return found
  const tooMuch = call.charge(found.value)
  if (tooMuch) return { ok: false, failure: tooMuch }
  call.known = { found, principal: found.value, generation }
  return found
}

/**
 * Authenticates a request that concerns an app and none of its channels, and asks the gate.
 * @returns `capability_refused` (401 and 40160) if they may not, or what is wrong with the credentials
 */
export function authorize(
  { acts: { gate }, authenticator }: AuthorizeParts,
  call: RestCall,
  operation: Operation,
): Soon<Result<AppPrincipal>> {
  const found = identify(authenticator, call)
  const check = (result: Result<AppPrincipal>): Result<AppPrincipal> => {
    const refusal = result.ok ? gate.app(result.value, operation, call.secure) : undefined
    return refusal ? { ok: false, failure: refusal } : result
  }
  return found instanceof Promise ? found.then(check) : check(found)
}
