// Go as a peer of the benchmark: its tasks, on one processor, and its echo server.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

const turns = 1000000

// The processor time of this process, in nanoseconds.
func now() int64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return used.Utime.Nano() + used.Stime.Nano()
}

func yieldInTurn() {
	var both sync.WaitGroup
	take := func() {
		for i := 0; i < turns/2; i++ {
			runtime.Gosched()
		}
		both.Done()
	}
	both.Add(2)
	go take()
	go take()
	both.Wait()
}

func spawnAndWait() {
	ended := make(chan struct{})
	for i := 0; i < turns; i++ {
		go func() { ended <- struct{}{} }()
		<-ended
	}
}

func spawnAll(count int) {
	var all sync.WaitGroup
	for done := 0; done < turns; done += count {
		all.Add(count)
		for i := 0; i < count; i++ {
			go func() { all.Done() }()
		}
		all.Wait()
	}
}

func serve(client net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			client.Close()
			return
		}
		client.Write(buffer[:n])
	}
}

func echo() {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	for {
		if client, err := listener.Accept(); err == nil {
			go serve(client)
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	start := now()
	switch os.Args[1] {
	case "yield":
		yieldInTurn()
	case "spawn":
		spawnAndWait()
	case "all":
		count, _ := strconv.Atoi(os.Args[2])
		spawnAll(count)
	case "echo":
		echo()
	default:
		os.Exit(2)
	}
	fmt.Printf("%.1f\n", float64(now()-start)/turns)
}
