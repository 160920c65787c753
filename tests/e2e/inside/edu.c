/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edu ADDRESS…: an application on QEMU's educational PCI devices (1234:11e8, docs/specs/edu.rst of QEMU), from user space
 *
 * Each computes, takes a page to itself and gives it back by DMA, and interrupts (uio_pci_generic has to be its driver);
 * with two, the second takes what the first has given back. A line each, which ends in "right" or "wrong":
 *
 *     0000:01:00.0 8! = 40320 right
 *
 * edu -o BUS-ADDRESS ADDRESS: instead, the device reads a page beyond that bus address, and writes what it has read there: where
 * there should be no memory of this machine's. Exits with 0, with 1 when something was wrong, and with 2 when it could not be tried.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    REG_INVERT = 0x04,
    REG_FACTORIAL = 0x08,
    REG_STATUS = 0x20, /* 1: it computes; 0x80: it interrupts when it has */
    REG_INTERRUPT = 0x24,
    REG_RAISE = 0x60,
    REG_ACKNOWLEDGE = 0x64,
    REG_SOURCE = 0x80, /* of a DMA; 64 bits, as the next two are */
    REG_DESTINATION = 0x88,
    REG_COUNT = 0x90,
    REG_COMMAND = 0x98, /* 1: start, and it goes on; 2: out of the device; 4: interrupt afterwards */
    BUFFER = 0x40000,
    BAR_SIZE = 0x100000,
    BYTES = 2048, /* a range that ends with the buffer, of 4096, ends QEMU 7.2 */
    COMMAND_INTX_OFF = 0x400,
    COMMAND_MEMORY_AND_MASTER = 6,
};

typedef struct card {
    const char *address;
    volatile uint8_t *registers;
    int config;
} card;

static bool all_right = true;

static void
give_up(const char *what)
{
    fprintf(stderr, "edu: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void
tell(const card *card, const char *what, bool right)
{
    printf("%s %s %s\n", card->address, what, right ? "right" : "wrong");
    all_right = all_right && right;
}

static uint32_t
get(const card *card, int at)
{
    return *(volatile uint32_t *)(card->registers + at);
}

static void
set(const card *card, int at, uint32_t value)
{
    *(volatile uint32_t *)(card->registers + at) = value;
}

static void
set_wide(const card *card, int at, uint64_t value)
{
    *(volatile uint64_t *)(card->registers + at) = value;
}

static int
open_attribute(const card *card, const char *name)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", card->address, name);
    fd = open(path, O_RDWR | O_SYNC);
    if (fd < 0)
        give_up(path);
    return fd;
}

/* It may use memory and interrupt, which a driver has to allow anew after each. */
static void
allow(const card *card)
{
    uint16_t command;

    if (pread(card->config, &command, 2, 4) != 2)
        give_up("the command register");
    command = (command | COMMAND_MEMORY_AND_MASTER) & ~COMMAND_INTX_OFF;
    if (pwrite(card->config, &command, 2, 4) != 2)
        give_up("the command register");
}

static card
open_card(const char *address)
{
    card card = {.address = address};
    int fd = open_attribute(&card, "resource0");

    card.registers = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (card.registers == MAP_FAILED)
        give_up("mapping resource0");
    close(fd);
    card.config = open_attribute(&card, "config");
    allow(&card);
    return card;
}

/* A page that stays where it is, and its address on the bus: the device sees 28 bits of it. */
static uint8_t *
make_page(uint64_t *ret_bus)
{
    uint64_t entry = 0;
    uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    int fd = open("/proc/self/pagemap", O_RDONLY);

    if (page == MAP_FAILED || fd < 0)
        give_up("a page");
    page[0] = 1; /* or it is the page of zeros */
    if (pread(fd, &entry, 8, (off_t)((uintptr_t)page / 4096 * 8)) != 8)
        give_up("/proc/self/pagemap");
    close(fd);
    *ret_bus = (entry & ((UINT64_C(1) << 55) - 1)) * 4096;
    if (*ret_bus == 0 || *ret_bus >> 28 != 0) {
        errno = ERANGE;
        give_up("the page's address");
    }
    return page;
}

static void
copy(const card *card, uint64_t from, uint64_t to, int command)
{
    set_wide(card, REG_SOURCE, from);
    set_wide(card, REG_DESTINATION, to);
    set_wide(card, REG_COUNT, BYTES);
    set_wide(card, REG_COMMAND, 1 | command);
    while (get(card, REG_COMMAND) & 1) /* about 100 ms */
        usleep(1000);
}

static void
through(const card *card, uint64_t from, uint64_t to)
{
    copy(card, from, BUFFER, 0);
    copy(card, BUFFER, to, 2);
}

static void
fill(uint8_t *page)
{
    for (int i = 0; i < BYTES; i++)
        page[i] = (uint8_t)rand();
}

static void
compute(const card *card, int n)
{
    char what[64];
    uint32_t product = 1;

    set(card, REG_INVERT, 0x12345678);
    tell(card, "alive", get(card, REG_INVERT) == ~UINT32_C(0x12345678));
    for (uint32_t i = 2; i <= (uint32_t)n; i++)
        product *= i;
    set(card, REG_FACTORIAL, (uint32_t)n);
    while (get(card, REG_STATUS) & 1)
        ;
    snprintf(what, sizeof(what), "%d! = %u", n, get(card, REG_FACTORIAL));
    tell(card, what, get(card, REG_FACTORIAL) == product);
}

static int
open_uio(const card *card)
{
    char path[300];
    struct dirent *entry;
    DIR *dir;
    int fd = -1;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/uio", card->address);
    dir = opendir(path);
    if (!dir)
        give_up(path);
    while (fd < 0 && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, "uio", 3) != 0)
            continue;
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        fd = open(path, O_RDONLY);
    }
    closedir(dir);
    if (fd < 0)
        give_up("/dev/uio");
    return fd;
}

/* Takes an interrupt, for which the device gives @reason. */
static void
take(const card *card, int uio, const char *what, uint32_t reason)
{
    struct pollfd wait = {.fd = uio, .events = POLLIN};
    uint32_t count, got = 0;

    if (poll(&wait, 1, 60000) == 1 && read(uio, &count, 4) == 4) {
        got = get(card, REG_INTERRUPT);
        set(card, REG_ACKNOWLEDGE, got);
        allow(card);
    }
    tell(card, what, got == reason);
}

static void
try_interrupts(const card *card, uint64_t bus)
{
    int uio = open_uio(card);

    set(card, REG_RAISE, 0x42);
    take(card, uio, "interrupts", 0x42);
    set(card, REG_STATUS, 0x80);
    set(card, REG_FACTORIAL, 5);
    take(card, uio, "interrupts when it has computed", 1);
    set(card, REG_STATUS, 0);
    copy(card, bus, BUFFER, 4);
    take(card, uio, "interrupts after a DMA", 0x100);
    close(uio);
    allow(card); /* uio_pci_generic has taken the right to DMA back */
}

static void
try_card(const card *card, int n)
{
    uint64_t from, to;
    uint8_t *given = make_page(&from), *got = make_page(&to);

    compute(card, n);
    fill(given);
    through(card, from, to);
    tell(card, "DMA both ways", memcmp(given, got, BYTES) == 0);
    try_interrupts(card, from);
}

static void
try_both(const card *first, const card *second)
{
    uint64_t from, between, to;
    uint8_t *given = make_page(&from), *got;

    make_page(&between);
    got = make_page(&to);
    fill(given);
    through(first, from, between);
    through(second, between, to);
    tell(first, second->address, memcmp(given, got, BYTES) == 0);
}

int
main(int argc, char **argv)
{
    card cards[2];

    if (argc == 4 && strcmp(argv[1], "-o") == 0) {
        uint64_t to = strtoull(argv[2], NULL, 0);

        cards[0] = open_card(argv[3]);
        through(&cards[0], to + 4096, to);
        return 0;
    }
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: edu ADDRESS [ADDRESS] | -o BUS-ADDRESS ADDRESS\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        cards[i - 1] = open_card(argv[i]);
        try_card(&cards[i - 1], 4 + 4 * i);
    }
    if (argc == 3)
        try_both(&cards[0], &cards[1]);
    return all_right ? 0 : 1;
}
