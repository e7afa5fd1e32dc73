/* descriptor_calls: every call that uses or makes a descriptor, one after the other. */
#include "descriptor_calls.h"

#include <errno.h>
#include <unistd.h>

void use_descriptor(struct descriptor_results *t, miou_fd *fd)
{
    struct sockaddr_in address = loopback(0);
    struct sockaddr *place = (struct sockaddr *)&address;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    miou_fd *const before = (miou_fd *)t;
    miou_fd *client = before;
    socklen_t length = 99;
    char byte = '-';
    ssize_t *result = t->uses;

    NOTE(*result++, miou_bind_and_listen(fd, place, sizeof address, NULL));
    NOTE(*result++, miou_accept(&client, fd, NULL));
    NOTE(*result++, miou_connect(fd, place, sizeof address));
    NOTE(*result++, miou_read(fd, &byte, 1));
    NOTE(*result++, miou_read_exactly(fd, &byte, 1));
    NOTE(*result++, miou_write(fd, "z", 1));
    NOTE(*result++, miou_recvfrom(fd, &byte, 1, &peer, &length));
    NOTE(*result++, miou_sendto(fd, "z", 1, NULL, 0));
    NOTE(*result++, miou_close(fd));
    NOTE(*result++, miou_fd_number(fd));
    t->untouched = client == before && byte == '-' && length == 99 && peer.ss_family == AF_UNSPEC;
}

void make_descriptors(struct descriptor_results *t, int number)
{
    miou_fd *const before = (miou_fd *)t;
    miou_fd *fd = before;
    ssize_t *result = t->makers;

    NOTE(*result++, miou_tcpv4(&fd, 0));
    NOTE(*result++, miou_tcpv6(&fd, 0));
    NOTE(*result++, miou_udpv4(&fd, 0));
    NOTE(*result++, miou_udpv6(&fd, MIOU_OWNED));
    NOTE(*result++, miou_unix_socket(&fd, 0));
    NOTE(*result++, miou_fd_adopt(&fd, number, 0));
    t->untouched = t->untouched && fd == before;
}

void(assert_uses_return)(const struct descriptor_results *t, int error)
{
    int i;

    for (i = 0; i < DESCRIPTOR_USES; i++) {
        with_index(i);

        expect_noted(t->uses[i], error);
    }
    expect_true(t->untouched);
}

void(assert_suspending_return)(const struct descriptor_results *t, int error)
{
    int i;

    for (i = FIRST_WAIT; i < END_OF_WAITS; i++) {
        with_index(i);

        expect_noted(t->uses[i], error);
    }
    for (i = 0; i < DESCRIPTOR_MAKERS; i++) {
        with_index(i);

        expect_noted(t->makers[i], error);
    }
    expect_true(t->untouched);
}

int ready_open(struct ready *t, unsigned flags)
{
    TRY(pair_adopt(&t->pair, SOCK_DGRAM, flags));
    peer_send(t->pair.peer, "x", 1);
    t->number = peer_keep(dup(t->pair.peer));
    return 0;
}

int ready_read(struct ready *t)
{
    char byte;

    if (recv(t->pair.peer, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        return -EIO;
    return (int)miou_read(t->pair.fd, &t->byte, 1);
}
