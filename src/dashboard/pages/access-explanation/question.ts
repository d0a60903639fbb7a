/** What "Who gets in?" is asked, and what the policy answers. */
import { isOwner, maySee } from '../../../api/access.ts'
import type { Result } from '../../../failure.ts'
import type { Explanation } from '../../../service/explanations/access-explanation.ts'
import {
  type CredentialExplanation,
  explainCredential,
} from '../../../service/explanations/credential-explanation.ts'
import { type Fields, textField } from '../../fields.ts'
import { type PageRequest, requireSignedIn } from '../../page-request.ts'

export interface Question {
  readonly channel: string
  readonly joinKey: string
  readonly sendKey: string
  readonly credential: string
  readonly operation: string
}

export interface Answers {
  /** Undefined where the channel is not one that whoever asks may know about. */
  readonly itty: Explanation | undefined
  /** Undefined where no credential was given. */
  readonly ably: Result<CredentialExplanation> | undefined
}

export function questionOf(fields: Fields): Question {
  return {
    channel: textField(fields, 'channel').trim(),
    joinKey: textField(fields, 'joinKey'),
    sendKey: textField(fields, 'sendKey'),
    credential: textField(fields, 'credential').trim(),
    operation: textField(fields, 'operation') || 'subscribe',
  }
}

/** Undefined while no channel is named. */
export async function answer(page: PageRequest, question: Question): Promise<Answers | undefined> {
  const { channel, joinKey, sendKey, credential } = question
  if (channel === '') return undefined
  const signedIn = requireSignedIn(page)
  const { services, live } = page.var.parts
  const { keyring } = services
  const mayKnow = isOwner(signedIn) || live.ownerOf(channel) === signedIn.account.id
  const presented = {
    ...(joinKey !== '' && { join: keyring.digest(joinKey) }),
    ...(sendKey !== '' && { send: keyring.digest(sendKey) }),
  }
  return {
    itty: mayKnow ? live.explain(channel, presented) : undefined,
    ably:
      credential === ''
        ? undefined
        : await explainCredential(services, question, (app) => maySee(signedIn, app.accountId)),
  }
}
