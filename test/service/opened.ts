/** Services over a fresh data folder, with a clock that the test holds. */
import type { Result } from '../../src/failure.ts'
import { type Services, openServices } from '../../src/service/services.ts'
import type { StoreParts } from '../../src/service/store-parts.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'
import { clockAt } from '../support/clocks.ts'

export class Opened {
  readonly #folder = temporaryFolder()
  now = 1_710_000_000_000
  readonly services: Services

  constructor() {
    this.services = this.again()
  }

  get path(): string {
    return this.#folder.path
  }

  /** Opens the same folder once more, as another process would; to be closed by the caller. */
  again(): Services {
    const config = testConfig({ data: this.#folder.path })
    return openServices(
      config,
      clockAt(() => this.now),
      false,
    )
  }

  /** Parts for making a service on the same folder. */
  get parts(): StoreParts {
    const { store, ledger } = this.services
    return { store, ledger, clock: clockAt(() => this.now) }
  }

  end(): void {
    this.services.close()
    this.#folder.remove()
  }
}

/** @throws when it failed, which in a test is a mistake */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message)
  return result.value
}

/** The name of the failure, or undefined where there is none. */
export function failureOf(result: Result<unknown>): string | undefined {
  return result.ok ? undefined : result.failure.name
}
