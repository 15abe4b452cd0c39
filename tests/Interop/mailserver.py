"""A mail server for tests (aiosmtpd): mailserver.py PORT [--tls CERT KEY] [--user NAME PASSWORD] [--cut PHASE]. Prints "ready", then one line of JSON for each mail that it takes.
Addresses with "refused" in them get 550, with "later" 451 once; --cut breaks the first connection in that phase (connect, ehlo, mail, rcpt, data)."""
import argparse
import asyncio
import json
import ssl
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument('port', type=int)
parser.add_argument('--tls', nargs=2)
parser.add_argument('--user', nargs=2)
parser.add_argument('--cut')
args = parser.parse_args()
cuts = [args.cut] if args.cut else []
delayed = set()


def cut(server, phase):
    if phase in cuts:
        cuts.remove(phase)
        server.transport.abort()
        return True
    return False


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        cut(server, 'ehlo')
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        cut(server, 'mail')
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return '250 OK'

    async def handle_RCPT(self, server, session, envelope, address, options):
        cut(server, 'rcpt')
        if 'refused' in address:
            return '550 5.1.1 No such person here'
        if 'later' in address and address not in delayed:
            delayed.add(address)
            return '451 4.2.1 Come again'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        if cut(server, 'data'):
            return '451 cut'
        mail = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            'sender': envelope.mail_from, 'recipients': envelope.rcpt_tos, 'options': envelope.mail_options, 'secure': session.ssl is not None, 'user': session.auth_data.login.decode() if session.auth_data else None,
            'headers': [[name, str(value)] for name, value in mail.items()], 'body': mail.get_content(),
        }), flush=True)
        return '250 Taken'


def authenticate(server, session, envelope, mechanism, data):
    right = mechanism == 'PLAIN' and [data.login.decode(), data.password.decode()] == args.user
    return AuthResult(success=right, auth_data=data if right else None, handled=False)


def serve():
    context = None
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*args.tls)
    server = SMTP(Handler(), tls_context=context, require_starttls=context is not None, enable_SMTPUTF8=True, auth_required=args.user is not None, authenticator=authenticate, hostname='localhost')
    if 'connect' in cuts:
        made = server.connection_made

        def broken(transport):
            made(transport)
            cuts.clear()
            transport.abort()
        server.connection_made = broken
    return server


async def main():
    server = await asyncio.get_running_loop().create_server(serve, '127.0.0.1', args.port)
    print('ready', flush=True)
    await server.serve_forever()

asyncio.run(main())
