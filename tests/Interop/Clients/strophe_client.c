/* A conversation with libstrophe: two people and a thing. What the hub and the client are told stands in the environment (see ClientScene). The last word is "ok". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <strophe.h>

#define WAIT 30 /* seconds that anything may take */
#define MOST 1000 /* stanzas that may wait to be looked at */

typedef struct {
    const char *name;
    xmpp_conn_t *conn;
    int socket, online, ended;
    xmpp_stanza_t *came[MOST];
    int count;
} person_t;

static xmpp_ctx_t *ctx;

static void fail(const char *what, const char *more)
{
    printf("not so: %s %s\n", what, more ? more : "");
    exit(1);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        fail("the environment has", name);
    return value;
}

static void done(const char *what)
{
    printf("done: %s\n", what);
    fflush(stdout);
}

static int keep(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data)
{
    person_t *person = data;
    (void)conn;
    if (person->count == MOST)
        fail("fewer stanzas", person->name);
    person->came[person->count++] = xmpp_stanza_clone(stanza);
    return 1;
}

static void event(xmpp_conn_t *conn, xmpp_conn_event_t what, int error, xmpp_stream_error_t *stream_error, void *data)
{
    person_t *person = data;
    (void)conn, (void)error, (void)stream_error;
    if (what == XMPP_CONN_CONNECT)
        person->online = 1;
    else
        person->ended = 1;
}

static int socket_of(xmpp_conn_t *conn, void *socket);

static person_t *people[2];

static int socket_of(xmpp_conn_t *conn, void *socket)
{
    for (int i = 0; i < 2; i++)
        if (people[i] != NULL && people[i]->conn == conn)
            people[i]->socket = *(int *)socket;
    return 0;
}

static void run_until(int *flag, const char *what)
{
    time_t end = time(NULL) + WAIT;
    while (!*flag) {
        if (time(NULL) > end)
            fail("in time:", what);
        xmpp_run_once(ctx, 20);
    }
}

static void connect_person(person_t *person, xmpp_sm_state_t *resumed, int direct_tls, const char *ca)
{
    char jid[200];
    snprintf(jid, sizeof jid, "%s@%s/one", person->name, setting("HUB_DOMAIN"));
    person->conn = xmpp_conn_new(ctx);
    person->online = person->ended = 0;
    xmpp_conn_set_flags(person->conn, direct_tls ? XMPP_CONN_FLAG_LEGACY_SSL : XMPP_CONN_FLAG_MANDATORY_TLS);
    if (ca != NULL)
        xmpp_conn_set_cafile(person->conn, ca);
    xmpp_conn_set_jid(person->conn, jid);
    xmpp_conn_set_pass(person->conn, person->name);
    xmpp_conn_set_sockopt_callback(person->conn, socket_of);
    if (resumed != NULL)
        xmpp_conn_set_sm_state(person->conn, resumed);
    xmpp_handler_add(person->conn, keep, NULL, NULL, NULL, person);
    if (xmpp_connect_client(person->conn, setting("HUB_HOST"), (unsigned short)atoi(setting(direct_tls ? "HUB_TLS_PORT" : "HUB_PORT")), event, person) != XMPP_EOK)
        fail("the connection of", person->name);
}

/* The next stanza with that name, and with that id, sender and child's namespace if they are given. What came before it is let go. */
static xmpp_stanza_t *next(person_t *person, const char *name, const char *id, const char *from, const char *ns)
{
    time_t end = time(NULL) + WAIT;
    int seen = 0;
    for (;;) {
        for (; seen < person->count; seen++) {
            xmpp_stanza_t *stanza = person->came[seen];
            const char *its_id = xmpp_stanza_get_id(stanza), *its_from = xmpp_stanza_get_from(stanza);
            if (strcmp(xmpp_stanza_get_name(stanza), name) == 0 && (id == NULL || (its_id != NULL && strcmp(its_id, id) == 0)) &&
                (from == NULL || (its_from != NULL && strcmp(its_from, from) == 0)) && (ns == NULL || xmpp_stanza_get_child_by_ns(stanza, ns) != NULL)) {
                for (int i = 0; i < seen; i++)
                    xmpp_stanza_release(person->came[i]);
                person->count -= seen + 1;
                memmove(person->came, person->came + seen + 1, sizeof *person->came * (size_t)person->count);
                return stanza;
            }
        }
        if (time(NULL) > end || person->ended) {
            printf("%s waits for %s id=%s from=%s with %s\n", person->name, name, id, from, ns);
            for (int i = 0; i < person->count; i++) {
                char *text;
                size_t length;
                xmpp_stanza_to_text(person->came[i], &text, &length);
                printf("  has %s\n", text);
            }
            fail("in time", "");
        }
        xmpp_run_once(ctx, 20);
    }
}

static void send_xml(person_t *person, const char *xml)
{
    xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, xml);
    if (stanza == NULL)
        fail("it is XML:", xml);
    xmpp_send(person->conn, stanza);
    xmpp_stanza_release(stanza);
}

/* Asks and returns the answer, which must be of this type. */
static xmpp_stanza_t *ask(person_t *person, const char *id, const char *type, const char *xml)
{
    send_xml(person, xml);
    xmpp_stanza_t *answer = next(person, "iq", id, NULL, NULL);
    if (strcmp(xmpp_stanza_get_type(answer), type) != 0) {
        char *text;
        size_t length;
        xmpp_stanza_to_text(answer, &text, &length);
        fail("the type of the answer:", text);
    }
    return answer;
}

static int has(xmpp_stanza_t *stanza, const char *text)
{
    char *all;
    size_t length;
    xmpp_stanza_to_text(stanza, &all, &length);
    int found = strstr(all, text) != NULL;
    if (!found)
        printf("without %s: %s\n", text, all);
    xmpp_free(ctx, all);
    return found;
}

static void friends(person_t *alice, person_t *bob)
{
    ask(alice, "r1", "result", "<iq type='get' id='r1'><query xmlns='jabber:iq:roster'/></iq>");
    ask(bob, "r1", "result", "<iq type='get' id='r1'><query xmlns='jabber:iq:roster'/></iq>");
    send_xml(alice, "<presence/>");
    send_xml(bob, "<presence/>");
    ask(alice, "r2", "result", "<iq type='set' id='r2'><query xmlns='jabber:iq:roster'><item jid='bob@hub.test' name='Bob'><group>Garden</group></item></query></iq>");
    send_xml(alice, "<presence type='subscribe' to='bob@hub.test'/>");
    xmpp_stanza_t *asked = next(bob, "presence", NULL, "alice@hub.test", NULL);
    if (strcmp(xmpp_stanza_get_type(asked), "subscribe") != 0)
        fail("bob is asked", NULL);
    send_xml(bob, "<presence type='subscribed' to='alice@hub.test'/>");
    next(alice, "presence", NULL, "bob@hub.test/one", NULL);
    xmpp_stanza_t *roster = ask(alice, "r3", "result", "<iq type='get' id='r3'><query xmlns='jabber:iq:roster'/></iq>");
    if (!has(roster, "Garden") || !has(roster, "subscription=\"to\""))
        fail("the roster has bob", NULL);
    done("roster and presence");
}

static void talk(person_t *alice, person_t *bob)
{
    send_xml(alice, "<message to='bob@hub.test/one' type='chat' id='m1'><body>Is the greenhouse warm? ä€😀 &lt;&amp;</body><request xmlns='urn:xmpp:receipts'/></message>");
    xmpp_stanza_t *message = next(bob, "message", "m1", "alice@hub.test/one", "urn:xmpp:receipts");
    char *body = xmpp_message_get_body(message);
    if (strcmp(body, "Is the greenhouse warm? ä€😀 <&") != 0)
        fail("the text is unchanged:", body);
    send_xml(bob, "<message to='alice@hub.test/one' id='m2'><received xmlns='urn:xmpp:receipts' id='m1'/></message>");
    if (!has(next(alice, "message", "m2", "bob@hub.test/one", "urn:xmpp:receipts"), "id=\"m1\""))
        fail("the receipt", NULL);
    done("messages, receipts");
    xmpp_stanza_t *fin = ask(bob, "a1", "result", "<iq type='set' id='a1'><query xmlns='urn:xmpp:mam:2' queryid='q'/></iq>");
    if (!has(fin, "complete=\"true\"") || !has(fin, "<count>1</count>"))
        fail("the archive has one message", NULL);
    done("archive");
}

static void things(person_t *alice, person_t *bob)
{
    xmpp_stanza_t *info = ask(alice, "d1", "result", "<iq type='get' id='d1' to='hub.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    if (!has(info, "urn:xmpp:carbons:2"))
        fail("disco", NULL);
    xmpp_stanza_t *items = ask(alice, "d2", "result", "<iq type='get' id='d2' to='relay-1@hub.test/thing'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>");
    if (!has(items, "node=\"set\""))
        fail("the thing's commands", NULL);
    xmpp_stanza_t *form = ask(alice, "c1", "result", "<iq type='set' id='c1' to='relay-1@hub.test/thing'><command xmlns='http://jabber.org/protocol/commands' node='set' action='execute'/></iq>");
    xmpp_stanza_t *command = xmpp_stanza_get_child_by_ns(form, "http://jabber.org/protocol/commands");
    char xml[1000];
    snprintf(xml, sizeof xml, "<iq type='set' id='c2' to='relay-1@hub.test/thing'><command xmlns='http://jabber.org/protocol/commands' node='set' action='complete' sessionid='%s'><x xmlns='jabber:x:data' type='submit'><field var='relay'><value>true</value></field></x></command></iq>",
             xmpp_stanza_get_attribute(command, "sessionid"));
    if (!has(ask(alice, "c2", "result", xml), "relay=true"))
        fail("the relay is on", NULL);
    if (xmpp_stanza_get_child_by_ns(ask(alice, "c3", "result", "<iq type='set' id='c3' to='relay-1@hub.test/thing'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='false'/></set></iq>"), "urn:xmpp:iot:control") == NULL)
        fail("the relay is off", NULL);
    if (!has(ask(bob, "c4", "error", "<iq type='set' id='c4' to='relay-1@hub.test/thing'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set></iq>"), "forbidden"))
        fail("bob is refused", NULL);
    done("discovery, commands to a thing, refused to a stranger");
}

static void nodes(person_t *alice, person_t *bob)
{
    ask(alice, "p1", "result", "<iq type='set' id='p1' to='pubsub.hub.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='strophe'/></pubsub></iq>");
    ask(bob, "p2", "result", "<iq type='set' id='p2' to='pubsub.hub.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='strophe' jid='bob@hub.test/one'/></pubsub></iq>");
    ask(alice, "p3", "result", "<iq type='set' id='p3' to='pubsub.hub.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='strophe'><item id='now'><sample xmlns='urn:example:sample' value='21.4'/></item></publish></pubsub></iq>");
    if (!has(next(bob, "message", NULL, "pubsub.hub.test", "http://jabber.org/protocol/pubsub#event"), "21.4"))
        fail("the subscriber has it", NULL);
    done("publish-subscribe");
}

static void resume(person_t *alice, person_t *bob)
{
    shutdown(alice->socket, SHUT_RDWR); /* as if the network were cut */
    run_until(&alice->ended, "the cut is seen");
    for (int i = 0; i < 20; i++) {
        char xml[200];
        snprintf(xml, sizeof xml, "<message to='alice@hub.test/one' type='chat' id='away%d'><body>while away %d</body></message>", i, i);
        send_xml(bob, xml);
    }
    xmpp_sm_state_t *state = xmpp_conn_get_sm_state(alice->conn);
    if (state == NULL)
        fail("the stream was managed", NULL);
    xmpp_conn_release(alice->conn);
    connect_person(alice, state, 0, setting("HUB_CA"));
    run_until(&alice->online, "alice is back");
    for (int i = 0; i < 20; i++) {
        char id[20];
        snprintf(id, sizeof id, "away%d", i);
        xmpp_stanza_t *message = next(alice, "message", NULL, "bob@hub.test/one", NULL);
        if (strcmp(xmpp_stanza_get_id(message), id) != 0)
            fail("nothing is lost, all in order:", xmpp_stanza_get_id(message));
    }
    /* A new session would have no presence: nothing would come to the bare address. */
    send_xml(bob, "<message to='alice@hub.test' type='chat' id='still'><body>still there</body></message>");
    next(alice, "message", "still", NULL, NULL);
    done("resumption");
}

int main(void)
{
    xmpp_initialize();
    ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(getenv("STROPHE_DEBUG") ? XMPP_LEVEL_DEBUG : XMPP_LEVEL_ERROR));
    person_t nobody = {.name = "alice"}, alice = {.name = "alice"}, bob = {.name = "bob"};
    connect_person(&nobody, NULL, 0, NULL);
    run_until(&nobody.ended, "an unknown authority is refused");
    if (nobody.online)
        fail("an unknown authority is not trusted", NULL);
    xmpp_conn_release(nobody.conn);
    done("an unknown authority is not trusted");

    people[0] = &alice, people[1] = &bob;
    connect_person(&alice, NULL, 0, setting("HUB_CA"));
    connect_person(&bob, NULL, 1, setting("HUB_CA"));
    run_until(&alice.online, "alice is online");
    run_until(&bob.online, "bob is online");
    if (!xmpp_conn_is_secured(alice.conn) || !xmpp_conn_is_secured(bob.conn))
        fail("both are secured", NULL);
    done("log-in by STARTTLS and by direct TLS");
    friends(&alice, &bob);
    talk(&alice, &bob);
    things(&alice, &bob);
    nodes(&alice, &bob);
    resume(&alice, &bob);
    xmpp_disconnect(alice.conn);
    xmpp_disconnect(bob.conn);
    run_until(&alice.ended, "alice leaves");
    run_until(&bob.ended, "bob leaves");
    puts("ok");
    return 0;
}
