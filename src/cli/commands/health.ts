/** `latchkey health`, for the health check of a container. */
import { askServer } from '../ask-server.ts'
import { type Command, EXIT } from '../command.ts'
import { failed } from '../with-services.ts'

export const health: Command = {
  name: 'health',
  summary: 'Succeed if a server runs on the data folder and is ready for clients',
  positionals: [],
  options: [],
  settings: 'data',
  run: async (context) => {
    const answer = await askServer(context, 'GET', '/ready')
    if (!answer.ok) return failed(context, answer.failure)
    context.output.result(answer.value, 'ready')
    return EXIT.done
  },
}
