/** A request over the socket file, which nobody but this machine's own user can open: it is not looked at further. */
import { type Result, fail, ok } from '../failure.ts'
import type { HttpVisit } from './http.ts'
import { splitUrl } from './url.ts'

export class OwnVisit implements HttpVisit {
  readonly request: Request
  readonly path: string
  readonly base = ''

  constructor(request: Request) {
    this.request = request
    this.path = splitUrl(request.url)[0]
  }

  failedAttempt(): boolean {
    return true
  }

  body(maxBytes: number): Promise<Result<Uint8Array>> {
    return this.request.bytes().then(
      (bytes) => (bytes.byteLength > maxBytes ? fail('message_too_large') : ok(bytes)),
      () => fail('bad_request', 'the body could not be read'),
    )
  }
}
